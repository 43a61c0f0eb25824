// A page of the window as a row: how it is called, how one gets there, how it is made.
#pragma once

#include <QString>
#include <functional>
#include <vector>

class QWidget;

namespace qat::ui {

class Document;
class RecentFiles;
class RunStore;
class SelectionHub;
class ThemeHub;

// What pages are made over; all of it outlives them.
struct PageContext {
    ThemeHub* hub = nullptr;
    SelectionHub* selection = nullptr;
    RunStore* store = nullptr;
    Document* document = nullptr;
    RecentFiles* recent = nullptr;
};

struct PageSpec {
    QString key;       // "compare", as --page takes it
    QString title;     // "Co&mpare", as the menu has it
    QString icon;      // of its segment in the tool bar; "" = it has none there
    QString shortcut;  // "Ctrl+4"
    std::function<QWidget*(const PageContext& context, QWidget* parent)> make;
    bool showsFigures = false;  // of the shown run, which the window then names above the page

    // The title without the mark of its mnemonic.
    QString plainTitle() const;
};

// Keys of the pages that other parts of the window lead to.
namespace pages {
inline constexpr QLatin1String kWelcome{"welcome"}, kConfigure{"configure"}, kRun{"run"}, kAnalyze{"analyze"},
    kCompare{"compare"}, kExport{"export"};
}

// The place of a page in the list, whatever the case of the key; -1 if no page has it.
int indexOfPage(const std::vector<PageSpec>& list, const QString& key);

// The maker of a page that shows the window's run.
template <class PageType>
QWidget* makeRunView(const PageContext& context, QWidget* parent) {
    return new PageType(context.hub, context.selection, context.store, parent);
}

}  // namespace qat::ui
