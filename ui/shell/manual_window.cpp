// A text browser over the built-in pages, with a list of them above.
#include "shell/manual_window.h"

#include <QHBoxLayout>
#include <QImage>
#include <QPushButton>
#include <QTextBlock>
#include <QTextBrowser>
#include <QTextCursor>
#include <QTextTable>
#include <QVBoxLayout>

#include "style/theme_hub.h"
#include "widgets/buttons.h"
#include "widgets/panel.h"

// Resources of a static library are only registered when asked for; the macro does not work inside a namespace.
static void registerManual() {
    Q_INIT_RESOURCE(manual);
}

namespace qat::ui {

// Pictures are as wide as the column at most.
class ManualText : public QTextBrowser {
public:
    using QTextBrowser::QTextBrowser;
    int pictureWidth = 0;

protected:
    QVariant loadResource(int type, const QUrl& name) override {
        const QVariant loaded = QTextBrowser::loadResource(type, name);
        if (type != QTextDocument::ImageResource || pictureWidth <= 0) return loaded;
        const QImage image = QImage::fromData(loaded.toByteArray());
        const qreal ratio = devicePixelRatioF();
        const int width = std::min(image.width(), qRound(pictureWidth * ratio));
        QImage scaled = image.scaledToWidth(width, Qt::SmoothTransformation);
        scaled.setDevicePixelRatio(ratio);
        return image.isNull() ? loaded : scaled;
    }
};

namespace {

// Markdown comes without any space between its blocks. One edit, so that the page is laid out once.
void space(QTextDocument& document, const ThemeHub& hub) {
    QTextCursor edit(&document);
    edit.beginEditBlock();
    for (QTextBlock block = document.begin(); block.isValid(); block = block.next()) {
        QTextBlockFormat format = block.blockFormat();
        const bool isCode = format.hasProperty(QTextFormat::BlockCodeFence) || format.nonBreakableLines();
        const bool codeGoesOn = isCode && block.next().isValid() && block.next().blockFormat().nonBreakableLines();
        if (format.headingLevel() > 0) format.setTopMargin(hub.px(14));
        if (isCode) format.setLeftMargin(hub.px(16));
        format.setBottomMargin(codeGoesOn ? 0 : hub.px(8));
        edit.setPosition(block.position());
        edit.setBlockFormat(format);
    }
    for (QTextFrame* frame : document.rootFrame()->childFrames())
        if (auto* table = qobject_cast<QTextTable*>(frame)) {
            QTextTableFormat format = table->format();
            format.setBorderCollapse(true);
            format.setBorderBrush(hub.color(Color::Border));
            format.setBorderStyle(QTextFrameFormat::BorderStyle_Solid);
            format.setCellPadding(hub.px(4));
            format.setWidth(QTextLength(QTextLength::PercentageLength, 100));
            table->setFormat(format);
        }
    edit.endEditBlock();
}

}  // namespace

ManualWindow::ManualWindow(const ThemeHub& hub, QWidget* parent) : QDialog(parent) {
    registerManual();
    setWindowTitle(tr("Manual"));
    resize(hub.px(860), hub.px(780));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(hub.px(12), hub.px(8), hub.px(12), hub.px(8));
    bar->setSpacing(hub.px(4));
    const std::pair<QString, QString> pages[] = {{tr("Guide"), QStringLiteral("guide")},
                                                 {tr("Configuration reference"), QStringLiteral("config-reference")},
                                                 {tr("Run folder"), QStringLiteral("run-folder")},
                                                 {tr("Exit statuses"), QStringLiteral("exit-status")}};
    for (const auto& [text, name] : pages) {
        QPushButton* button = makeButton(hub, text, ButtonKind::Normal, {}, true, this);
        button->setAutoDefault(false);
        connect(button, &QPushButton::clicked, this, [this, page = name] { showManualPage(page); });
        bar->addWidget(button);
    }
    bar->addStretch(1);
    QPushButton* back = makeButton(hub, tr("Back"), ButtonKind::Normal, {}, true, this);
    back->setAutoDefault(false);
    back->setEnabled(false);
    bar->addWidget(back);
    m_text = new ManualText(this);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setOpenExternalLinks(true);
    m_text->setAccessibleName(tr("Manual"));
    m_text->document()->setDocumentMargin(hub.px(20));
    m_text->pictureWidth = hub.px(790);
    connect(m_text, &QTextBrowser::sourceChanged, this, [this, &hub] { space(*m_text->document(), hub); });
    connect(back, &QPushButton::clicked, m_text, &QTextBrowser::backward);
    connect(m_text, &QTextBrowser::backwardAvailable, back, &QPushButton::setEnabled);
    column->addLayout(bar);
    column->addWidget(new Hairline(hub));
    column->addWidget(m_text, 1);
    showManualPage(QStringLiteral("guide"));
    m_text->setFocus();
}

void ManualWindow::showManualPage(const QString& name) {
    m_text->setSource(QUrl(QStringLiteral("qrc:/manual/%1.md").arg(name)));
}

QString ManualWindow::title() const {
    return m_text->document()->firstBlock().text();
}

}  // namespace qat::ui
