// How the window and its pages were left: kept in the settings, put back, and as at the start.
#pragma once

#include <QList>
#include <QObject>

class QMainWindow;
class QStackedWidget;

namespace qat::ui {

class PageLayout;

class WindowLayout : public QObject {
    Q_OBJECT
public:
    // Puts the window's geometry back; a page's layout once the page is shown.
    WindowLayout(QMainWindow* window, QStackedWidget* pages);
    void save() const;
    void reset();

private:
    QMainWindow* m_window;
    QList<PageLayout*> m_pages;
};

}  // namespace qat::ui
