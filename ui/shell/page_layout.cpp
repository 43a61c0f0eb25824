// The settings hold the docks' own state, their sizes in pixels, and the states of the splitters.
#include "shell/page_layout.h"

#include <QDockWidget>
#include <QEvent>
#include <QMainWindow>
#include <QSettings>
#include <QSplitter>
#include <utility>

#include "pages/dock_page.h"

namespace qat::ui {
namespace {

constexpr int kLayoutVersion = 2;
constexpr int kSettlesWithinMs = 700;

// The nested window whose docks a page is made of; null for pages without docks.
QMainWindow* dockHost(QWidget* page) {
    if (auto* self = qobject_cast<QMainWindow*>(page)) return self;
    return page->findChild<QMainWindow*>();
}

QList<QDockWidget*> docksOf(const QMainWindow* host) {
    return host ? host->findChildren<QDockWidget*>(QString(), Qt::FindDirectChildrenOnly) : QList<QDockWidget*>();
}

// Docks of a page that is not in front count too.
bool takesPlace(const QDockWidget* dock) {
    return !dock->isHidden() && !dock->isFloating();
}

}  // namespace

PageLayout::PageLayout(QWidget* page, QObject* parent) : QObject(parent), m_page(page), m_host(dockHost(page)) {
    m_soon.setSingleShot(true);
    connect(&m_soon, &QTimer::timeout, this, &PageLayout::restore);
    page->installEventFilter(this);
}

QString PageLayout::key(const char* what) const {
    return QStringLiteral("pages/%1/%2").arg(m_page->objectName(), QLatin1String(what));
}

bool PageLayout::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Show && !m_shown) {
        m_shown = true;
        m_sinceShown.start();
        m_soon.start(0);
    } else if (event->type() == QEvent::Resize && m_shown && m_sinceShown.elapsed() < kSettlesWithinMs) {
        m_soon.start(0);
    }
    return QObject::eventFilter(watched, event);
}

void PageLayout::arrange() {
    if (auto* page = qobject_cast<DockPage*>(m_page)) page->arrangeDocks();
}

void PageLayout::restore() {
    if (!std::exchange(m_startKnown, true)) {
        if (m_host) m_start = m_host->saveState(kLayoutVersion);
        m_startSplitters = splitterStates();
    }
    arrange();
    if (m_host) restoreSizes();
    restoreSplitters(QSettings().value(key("splitters")).toList());
}

QVariantList PageLayout::splitterStates() const {
    QVariantList states;
    for (const QSplitter* splitter : m_page->findChildren<QSplitter*>()) states.append(splitter->saveState());
    return states;
}

void PageLayout::restoreSplitters(const QVariantList& states) {
    const auto present = m_page->findChildren<QSplitter*>();
    for (qsizetype i = 0; i < present.size() && states.size() == present.size(); ++i)
        present[i]->restoreState(states[i].toByteArray());
}

// False if the state is none. Docks that follow their page's content stay as they are.
bool PageLayout::restoreDocks(const QByteArray& state) {
    QList<QDockWidget*> shown, hidden;
    for (QDockWidget* dock : docksOf(m_host))
        if (dock->property("followsContent").toBool()) (dock->isHidden() ? hidden : shown).append(dock);
    if (!m_host->restoreState(state, kLayoutVersion)) return false;
    for (QDockWidget* dock : shown) dock->show();
    for (QDockWidget* dock : hidden) dock->hide();
    return true;
}

void PageLayout::restoreSizes() {
    const QSettings settings;
    if (!restoreDocks(settings.value(key("docks")).toByteArray())) return;
    QList<QDockWidget*> docks;
    QList<int> widths, heights;
    const QVariantMap sizes = settings.value(key("sizes")).toMap();
    for (QDockWidget* dock : docksOf(m_host)) {
        const QSize size = sizes.value(dock->objectName()).toSize();
        if (size.isEmpty() || !takesPlace(dock)) continue;
        docks.append(dock);
        widths.append(size.width());
        heights.append(size.height());
    }
    m_host->resizeDocks(docks, widths, Qt::Horizontal);
    m_host->resizeDocks(docks, heights, Qt::Vertical);
}

void PageLayout::save() const {
    if (!m_shown) return;
    QSettings settings;
    settings.setValue(key("splitters"), splitterStates());
    if (!m_host) return;
    QVariantMap sizes = settings.value(key("sizes")).toMap();
    for (const QDockWidget* dock : docksOf(m_host))
        if (takesPlace(dock)) sizes.insert(dock->objectName(), dock->size());
    settings.setValue(key("sizes"), sizes);
    settings.setValue(key("docks"), m_host->saveState(kLayoutVersion));
}

void PageLayout::reset() {
    QSettings settings;
    for (const char* what : {"splitters", "sizes", "docks"}) settings.remove(key(what));
    if (!m_startKnown) return;
    if (m_host) restoreDocks(m_start);
    restoreSplitters(m_startSplitters);
    arrange();
}

}  // namespace qat::ui
