// A text browser over the built-in pages, with a list of them above.
#include "shell/manual_window.h"

#include <QBuffer>
#include <QHBoxLayout>
#include <QImageReader>
#include <QPushButton>
#include <QTextBlock>
#include <QTextBrowser>
#include <QTextCursor>
#include <QTextTable>
#include <QThreadPool>
#include <QVBoxLayout>

#include "feed/pool_task.h"
#include "style/theme_hub.h"
#include "widgets/buttons.h"
#include "widgets/panel.h"

// Resources of a static library are only registered when asked for; the macro does not work inside a namespace.
static void registerManual() {
    Q_INIT_RESOURCE(manual);
}

namespace qat::ui {

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

// Pictures are as wide as the column at most.
class ManualText : public QTextBrowser {
public:
    ManualText(const ThemeHub& hub, QWidget* parent) : QTextBrowser(parent), m_hub(hub) {}
    int pictureWidth = 0;

protected:
    // Spaced before it is laid out: laying out tables takes long.
    void doSetSource(const QUrl& name, QTextDocument::ResourceType type) override {
        document()->setLayoutEnabled(false);
        QTextBrowser::doSetSource(name, type);
        space(*document(), m_hub);
        document()->setLayoutEnabled(true);
        document()->markContentsDirty(0, document()->characterCount());
    }
    // A picture's place is known from its header; the picture itself comes from another thread.
    QVariant loadResource(int type, const QUrl& name) override {
        const QVariant loaded = QTextBrowser::loadResource(type, name);
        if (type != QTextDocument::ImageResource) return loaded;
        QByteArray bytes = loaded.toByteArray();
        QBuffer buffer(&bytes);
        const QSize size = QImageReader(&buffer).size();
        if (size.isEmpty() || pictureWidth <= 0) return loaded;
        const qreal ratio = devicePixelRatioF();
        const int width = std::min(size.width(), qRound(pictureWidth * ratio));
        const QSize shown(width, qRound(1.0 * size.height() * width / size.width()));
        runInPool(
            QThreadPool::globalInstance(), this,
            [bytes, shown] {
                return QImage::fromData(bytes).scaled(shown, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
            },
            [this, name, ratio](QImage& picture) {
                picture.setDevicePixelRatio(ratio);
                document()->addResource(QTextDocument::ImageResource, name, picture);
                viewport()->update();
            },
            [](const QString&) {});  // its place stays grey
        QImage place(shown, QImage::Format_RGB32);
        place.setDevicePixelRatio(ratio);
        place.fill(m_hub.color(Color::Sunken));
        return place;
    }

private:
    const ThemeHub& m_hub;
};

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
    m_text = new ManualText(hub, this);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setOpenExternalLinks(true);
    m_text->setAccessibleName(tr("Manual"));
    m_text->document()->setDocumentMargin(hub.px(20));
    m_text->pictureWidth = hub.px(790);
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
