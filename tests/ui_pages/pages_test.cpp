// What the three pages have in common: they fit into the smallest window.
#include <gtest/gtest.h>

#include <QHeaderView>

#include "analyze/analyze_page.h"
#include "analyze/layer_model.h"
#include "compare/compare_models.h"
#include "compare/compare_page.h"
#include "progress/run_page.h"
#include "ui_pages/event_loop.h"
#include "ui_pages/scene.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {

using test::waitUntil;

int longestName(const RowTable& table, int column) {
    int longest = 0;
    for (int row = 0; row < table.model()->rowCount(); ++row) {
        const QModelIndex name = table.model()->index(row, column);
        longest = std::max(longest, table.itemDelegateForIndex(name)->sizeHint({}, name).width());
    }
    return longest;
}

// What a page asks for at least must fit into the smallest window, below its menu, tool bar and status bar.
TEST(Pages, FitIntoTheSmallestWindowAndNamesKeepTheirWidth) {
    Scene scene;
    scene.load({.images = 12});
    RunPage run(&scene.theme, &scene.selection, &scene.store);
    AnalyzePage analyze(&scene.theme, &scene.selection, &scene.store);
    ComparePage compare(&scene.theme, &scene.selection, &scene.store);
    for (RunView* page : std::initializer_list<RunView*>{&run, &analyze, &compare}) {
        page->resize(1280, 620);
        page->show();
        page->arrangeDocks();
        waitUntil([] { return false; }, 100);
        EXPECT_LE(page->minimumSizeHint().width(), 1280) << page->objectName().toStdString();
        EXPECT_LE(page->minimumSizeHint().height(), 620) << page->objectName().toStdString();
    }
    ASSERT_TRUE(waitUntil([&] { return compare.comparison() != nullptr; }));
    waitUntil([] { return false; }, 50);
    RowTable* layers = analyze.layerTable();
    EXPECT_GE(layers->columnWidth(LayerTableModel::Name), longestName(*layers, LayerTableModel::Name));
    EXPECT_FALSE(layers->isColumnHidden(LayerTableModel::Sensitivity));
    EXPECT_TRUE(layers->isColumnHidden(LayerTableModel::Absolute));
    EXPECT_TRUE(layers->horizontalHeader()->toolTip().contains("Absolute")) << "what is hidden is said";
    for (RowTable* table : compare.findChildren<RowTable*>())
        if (table->accessibleName() == "Damaged images") {
            EXPECT_GE(table->columnWidth(DamageModel::Image), longestName(*table, DamageModel::Image));
        }
    analyze.resize(1900, 900);
    waitUntil([] { return false; }, 50);
    EXPECT_FALSE(layers->isColumnHidden(LayerTableModel::Absolute)) << "it comes back with the place for it";
}

}  // namespace
}  // namespace qat::ui
