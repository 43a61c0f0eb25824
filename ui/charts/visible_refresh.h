// Lets a hidden page sleep: change bits gather while it cannot be seen and are worked off once when it shows.
#pragma once

#include <QEvent>
#include <QObject>
#include <QWidget>
#include <functional>
#include <utility>

namespace qat::ui {

class VisibleRefresh : public QObject {
    Q_OBJECT
public:
    // refresh(mask) is called at once while `page` is visible, else with all bits when it becomes so.
    VisibleRefresh(QWidget* page, std::function<void(unsigned)> refresh)
        : QObject(page), m_page(page), m_refresh(std::move(refresh)) {
        page->installEventFilter(this);
    }

    void request(unsigned mask) {
        m_pending |= mask;
        if (m_page->isVisible()) flush();
    }
    unsigned pending() const { return m_pending; }

    bool eventFilter(QObject* watched, QEvent* event) override {
        if (watched == m_page && event->type() == QEvent::Show) flush();
        return false;
    }

private:
    void flush() {
        if (const unsigned mask = std::exchange(m_pending, 0)) m_refresh(mask);
    }

    QWidget* m_page;
    std::function<void(unsigned)> m_refresh;
    unsigned m_pending = 0;
};

}  // namespace qat::ui
