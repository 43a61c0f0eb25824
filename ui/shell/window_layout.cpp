// One PageLayout a page, and the geometry of the window.
#include "shell/window_layout.h"

#include <QMainWindow>
#include <QSettings>
#include <QStackedWidget>

#include "shell/page_layout.h"

namespace qat::ui {
namespace {

const auto kGeometry = QStringLiteral("window/geometry");

}  // namespace

WindowLayout::WindowLayout(QMainWindow* window, QStackedWidget* pages) : m_window(window) {
    window->restoreGeometry(QSettings().value(kGeometry).toByteArray());
    for (int i = 0; i < pages->count(); ++i) m_pages.append(new PageLayout(pages->widget(i), this));
}

void WindowLayout::save() const {
    QSettings().setValue(kGeometry, m_window->saveGeometry());
    for (const PageLayout* page : m_pages) page->save();
}

void WindowLayout::reset() {
    for (PageLayout* page : std::as_const(m_pages)) page->reset();
}

}  // namespace qat::ui
