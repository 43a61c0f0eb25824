// Builds and removes message bars.
#include "widgets/message_bar.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QTimer>

#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/buttons.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr int kInfoStaysMs = 8000;

struct Look {
    Color soft, ink;
    const char* icon;
};

Look lookOf(MessageKind kind) {
    switch (kind) {
        case MessageKind::Success:
            return {Color::SuccessSoft, Color::Success, "ok"};
        case MessageKind::Warning:
            return {Color::WarningSoft, Color::Warning, "warning"};
        case MessageKind::Error:
            return {Color::ErrorSoft, Color::Error, "error"};
        case MessageKind::Info:
            break;
    }
    return {Color::AccentSoft, Color::Accent, "info"};
}

class MessageBar : public QWidget {
public:
    MessageBar(const ThemeHub& hub, MessageKind kind, const QString& text) : m_hub(hub), m_look(lookOf(kind)) {
        setMinimumHeight(hub.px(34));
        setAccessibleName(text);
        layout = new QHBoxLayout(this);
        layout->setContentsMargins(hub.px(38), hub.px(4), hub.px(8), hub.px(4));
        layout->setSpacing(hub.px(8));
        auto* label = new ThemedLabel(hub, text, TextStyle::Small, Color::Text, this);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        layout->addWidget(label, 1);
    }

    QHBoxLayout* layout;

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.fillRect(rect(), m_hub.color(m_look.soft));
        painter.fillRect(0, 0, 3, height(), m_hub.color(m_look.ink));
        painter.fillRect(0, height() - 1, width(), 1, m_hub.color(Color::Border));
        const int side = m_hub.px(16);
        paintIcon(painter, QRectF(m_hub.px(14), (height() - side) / 2.0, side, side), QLatin1String(m_look.icon),
                  m_hub.color(m_look.ink));
    }

private:
    const ThemeHub& m_hub;
    Look m_look;
};

}  // namespace

MessageStack::MessageStack(const ThemeHub& hub, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_layout(new QVBoxLayout(this)) {
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(0);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
}

int MessageStack::count() const {
    return m_layout->count();
}

void MessageStack::post(const QString& key, MessageKind kind, const QString& text, std::vector<Action> actions) {
    withdraw(key);
    auto* bar = new MessageBar(m_hub, kind, text);
    bar->setObjectName(key);
    bool first = true;
    for (const Action& action : actions) {
        auto* button = makeButton(m_hub, action.text, first ? ButtonKind::Normal : ButtonKind::Flat, {}, true, bar);
        connect(button, &QPushButton::clicked, this, [this, key, run = action.run] {
            withdraw(key);
            if (run) run();
        });
        bar->layout->addWidget(button);
        first = false;
    }
    auto* close = makeIconButton(m_hub, QStringLiteral("close"), tr("Dismiss"), bar);
    connect(close, &QToolButton::clicked, this, [this, key] { withdraw(key); });
    bar->layout->addWidget(close);
    m_layout->insertWidget(0, bar);
    if (kind == MessageKind::Info && actions.empty())
        QTimer::singleShot(kInfoStaysMs, bar, [this, key] { withdraw(key); });
}

void MessageStack::withdraw(const QString& key) {
    for (int i = m_layout->count() - 1; i >= 0; --i) {
        QWidget* bar = m_layout->itemAt(i)->widget();
        if (bar->objectName() != key) continue;
        m_layout->removeWidget(bar);
        bar->hide();
        bar->deleteLater();
    }
}

}  // namespace qat::ui
