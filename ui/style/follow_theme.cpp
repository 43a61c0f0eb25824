// Two occasions to restyle: the hub's signal and the events that come after polishing.
#include "style/follow_theme.h"

#include <QEvent>
#include <QWidget>

#include "style/theme_hub.h"

namespace qat::ui {
namespace {

class Follower : public QObject {
public:
    Follower(QWidget* widget, std::function<void()> restyle) : QObject(widget), m_restyle(std::move(restyle)) {
        widget->installEventFilter(this);
    }
    void restyle() { m_restyle(); }
    bool eventFilter(QObject* widget, QEvent* event) override {
        if (event->type() == QEvent::StyleChange) m_restyle();  // comes when it is polished again
        if (event->type() != QEvent::Polish) return false;
        widget->event(event);  // does the polishing
        m_restyle();
        return true;
    }

private:
    std::function<void()> m_restyle;
};

}  // namespace

void followTheme(const ThemeHub& hub, QWidget* widget, std::function<void()> restyle) {
    auto* follower = new Follower(widget, std::move(restyle));
    follower->restyle();
    QObject::connect(&hub, &ThemeHub::changed, follower, &Follower::restyle);
}

}  // namespace qat::ui
