// The Analyze page over made-up runs: tables, bars, inspector, one selection.
#include <gtest/gtest.h>

#include <QLabel>
#include <QSignalSpy>
#include <QTest>
#include <set>

#include "analyze/analyze_page.h"
#include "analyze/fact_list.h"
#include "analyze/layer_inspector.h"
#include "analyze/layer_model.h"
#include "charts/rank_bars.h"
#include "charts/visible_refresh.h"
#include "feed/event_line.h"
#include "support/recorded_run.h"
#include "ui_pages/event_loop.h"
#include "ui_pages/scene.h"
#include "widgets/empty_state.h"
#include "widgets/number_form.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {

using test::waitUntil;

TEST(LayerTableModel, ShowsSortsAndFilters) {
    Scene scene;
    scene.load({.images = 0});
    LayerTableModel model;
    LayerTableFilter filter;
    filter.setSourceModel(&model);
    Tester modelTester(&model, kFatal), filterTester(&filter, kFatal);
    model.setLayers(collectLayers(scene.store.data(), scene.selection), 4, "score");
    EXPECT_EQ(model.rowCount(), 63);
    EXPECT_EQ(model.index(0, LayerTableModel::WeightBits).data(BitsRole), 8);
    filter.sort(LayerTableModel::Sensitivity, Qt::DescendingOrder);
    EXPECT_EQ(filter.index(0, LayerTableModel::Name).data(), "model.2.cv2.conv");
    filter.setText("model.2. CV1");
    EXPECT_EQ(filter.rowCount(), 2);
    for (int row = 0; row < filter.rowCount(); ++row)
        EXPECT_TRUE(filter.index(row, LayerTableModel::Name).data().toString().contains("cv1"));
}

TEST(LayerFacts, OutputsOfTheHeadAreNoLayers) {
    Scene scene;
    scene.load({.images = 0});
    AnalyzePage page(&scene.theme, &scene.selection, &scene.store);
    page.show();
    const char* line = R"({"t":900,"type":"layer","table":"error","layer":"head.0","bits":0,"metrics":{"mse":0.5}})";
    scene.store.notify(applyEventLine(scene.store.edit(), line));
    QCoreApplication::processEvents();
    const std::vector<LayerFacts> facts = collectLayers(scene.store.data(), scene.selection);
    ASSERT_EQ(facts.size(), 64u);
    EXPECT_TRUE(facts.back().isOutput);
    EXPECT_EQ(layersOnly(facts).size(), 63u);
    EXPECT_EQ(errorBars(facts, 4, "mse").size(), 64u) << "its error is still shown";
    EXPECT_EQ(page.layerModel()->rowCount(), 63);
}

TEST(LayerFacts, RanksAndBarsAgree) {
    Scene scene;
    scene.load({.images = 0});
    const std::vector<LayerFacts> layers = collectLayers(scene.store.data(), scene.selection);
    EXPECT_EQ(rankOf(layers, scene.selection.idOf("model.2.cv2.conv"), 4, "score"), 1);
    EXPECT_EQ(rankOf(layers, scene.selection.idOf("model.2.m.0.cv1.conv"), 4, "score"), 6);
    EXPECT_EQ(rankOf(layers, scene.selection.idOf("nowhere"), 4, "score"), 0);
    EXPECT_EQ(rankOf(layers, scene.selection.idOf("model.0.conv"), 16, "score"), 0);
    EXPECT_EQ(sensitivityBars(layers, 4, "score").size(), 63u);
    EXPECT_TRUE(sensitivityBars(layers, 3, "score").empty());
    const HeatData heat = oscillationMap(scene.store.data(), layers);
    EXPECT_EQ(heat.layers.size(), 63u);
    EXPECT_EQ(heat.epochs.size(), 12u);
    EXPECT_EQ(metricsOf(scene.store.data(), tables::kSensitivity).front(), "score");
}

TEST(LayerFacts, HasTheCorrectionAndTheRepairOfTheRecordedRun) {
    Scene scene;
    EventTail tail;
    scene.store.replace(readRunFolder(QString::fromStdString(test::recordedRun().string()), tail));
    const std::vector<LayerFacts> layers = collectLayers(scene.store.data(), scene.selection);
    const LayerFacts& first = layers.at(0);
    EXPECT_EQ(first.name, "model.0.conv");
    EXPECT_GT(first.correction.value("gamma_max"), first.correction.value("gamma_min"));
    EXPECT_LT(first.repair.value("after"), first.repair.value("before"));
    LayerInspector inspector(&scene.theme);
    inspector.showLayer(layers, first.id, 4, "score");
    QStringList facts;
    for (const FactList* list : inspector.findChildren<FactList*>()) facts << list->accessibleDescription();
    for (const char* part : {"Before repair", "After repair", "Correction (QC)"})
        EXPECT_TRUE(facts.join(';').contains(part)) << part << " is not among " << facts.join(';').toStdString();
}

TEST(LayerInspector, PatternMatchesOnlyItsLayer) {
    EXPECT_EQ(exactPattern("model.2.m.0.cv1.conv"), "^model\\.2\\.m\\.0\\.cv1\\.conv$");
}

TEST(Analyze, EveryViewFollowsOneSelection) {
    Scene scene;
    scene.load({.images = 0});
    AnalyzePage page(&scene.theme, &scene.selection, &scene.store);
    page.resize(1400, 900);
    page.show();
    auto* bars = page.findChild<RankBars*>("analyze.sensitivity");
    auto* table = page.findChild<RowTable*>();
    ASSERT_TRUE(bars && table);
    qRegisterMetaType<const void*>("const void*");
    QSignalSpy changes(&scene.selection, &SelectionHub::changed);
    QTest::mouseClick(bars->viewport(), Qt::LeftButton, {}, bars->barRect(2).center());
    EXPECT_EQ(changes.count(), 1) << "views that follow do not answer";
    const LayerId layer = bars->bars()[2].layer;
    ASSERT_EQ(table->selectionModel()->selectedRows().size(), 1);
    EXPECT_EQ(table->selectionModel()->selectedRows()[0].data(LayerIdRole), layer);
    const QModelIndex other = page.layerFilter()->index(40, 0);
    table->setCurrentIndex(other);
    EXPECT_EQ(scene.selection.selected(), QSet<LayerId>{other.data(LayerIdRole).toInt()});
    scene.selection.select({layer}, nullptr);
    page.layerFilter()->sort(LayerTableModel::Mse, Qt::DescendingOrder);
    QCoreApplication::processEvents();
    EXPECT_EQ(table->selectionModel()->selectedRows()[0].data(LayerIdRole), layer) << "sorting keeps the selection";
}

// What stands in for panels that have nothing to show; those behind another tab as well.
QStringList sentencesOf(const QWidget& page) {
    QStringList sentences;
    for (const EmptyState* empty : page.findChildren<EmptyState*>())
        if (!empty->isHidden()) sentences << empty->findChild<QLabel*>()->text();
    return sentences;
}

TEST(Analyze, SaysWhatIsMissing) {
    Scene scene;
    AnalyzePage page(&scene.theme, &scene.selection, &scene.store);
    page.show();
    scene.load({.images = 0, .sensitivity = false, .oscillation = false});
    EXPECT_EQ(page.layerModel()->rowCount(), 63);
    const auto* bars = page.findChild<RankBars*>("analyze.sensitivity");
    EXPECT_FALSE(bars->isVisible()) << "the sentence stands in for the bars";
    const QString missing = sentencesOf(page).join('\n');
    EXPECT_TRUE(missing.contains("No sensitivity yet. Each of the 63 layers")) << missing.toStdString();
    EXPECT_TRUE(missing.contains("No oscillation yet.")) << missing.toStdString();
    EXPECT_FALSE(missing.contains("No layer errors yet.")) << "they are there: " << missing.toStdString();
    scene.load({.images = 0});
    EXPECT_TRUE(bars->isVisible());
    const QString left = sentencesOf(page).join('\n');
    EXPECT_FALSE(left.contains("No sensitivity") || left.contains("No oscillation")) << left.toStdString();
}

TEST(Analyze, HiddenPagesSleep) {
    Scene scene;
    AnalyzePage page(&scene.theme, &scene.selection, &scene.store);
    scene.load({.images = 0});
    EXPECT_EQ(page.layerModel()->rowCount(), 0);
    EXPECT_NE(page.findChild<VisibleRefresh*>()->pending(), 0u);
    page.show();
    EXPECT_EQ(page.layerModel()->rowCount(), 63);
    EXPECT_EQ(page.findChild<VisibleRefresh*>()->pending(), 0u);
}

// At 8 bits noise over signal is some 1e-9: the bars, their axis and the table say the same digits.
TEST(Analyze, SmallNumbersHaveDigitsAndTheSameOnesInChartAndTable) {
    Scene scene;
    scene.load({.images = 0});
    RunData data = scene.store.data();
    const std::vector<double> scores{7.1e-9, 2.34e-5, 6.05e-9, 3.9e-8};
    int at = 0;
    for (auto& [key, metrics] : data.layerRows)
        if (key.table == tables::kSensitivity) metrics.values["score"] = scores[static_cast<size_t>(at++ % 4)];
    scene.store.replace(std::move(data));
    AnalyzePage page(&scene.theme, &scene.selection, &scene.store);
    page.resize(1500, 900);
    page.show();
    waitUntil([] { return false; }, 50);
    auto* bars = page.findChild<RankBars*>("analyze.sensitivity");
    ASSERT_TRUE(bars);
    EXPECT_TRUE(bars->isLogarithmic()) << "one layer is thousands of times the others";
    EXPECT_EQ(page.layerModel()->headerData(LayerTableModel::Sensitivity, Qt::Horizontal, Qt::DisplayRole).toString(),
              QString::fromUtf8("Sensitivity ×10⁻⁶"));
    std::map<QString, QString> table;
    for (int row = 0; row < page.layerModel()->rowCount(); ++row)
        table[page.layerModel()->index(row, LayerTableModel::Name).data().toString()] =
            page.layerModel()->index(row, LayerTableModel::Sensitivity).data().toString();
    std::set<QString> different;
    for (size_t row = 0; row < bars->bars().size(); ++row) {
        EXPECT_EQ(bars->numberOf(static_cast<int>(row)), table[bars->bars()[row].label]);
        different.insert(bars->numberOf(static_cast<int>(row)));
    }
    EXPECT_EQ(different.size(), 4u) << "no two values read alike";
    EXPECT_EQ(bars->numberOf(0), "23.4");
    // The clipboard has raw numbers, whatever the screen's unit is.
    page.layerTable()->selectRow(0);
    const QStringList copied = page.layerTable()->copiedRows().split(QLatin1Char('\n'));
    ASSERT_EQ(copied.size(), 2);
    const auto column = copied[0].split(QLatin1Char('\t')).indexOf("Sensitivity");
    ASSERT_GE(column, 0) << copied[0].toStdString();
    EXPECT_LT(copied[1].split(QLatin1Char('\t')).value(column).toDouble(), 1e-4);
    EXPECT_GT(copied[1].split(QLatin1Char('\t')).value(column).toDouble(), 0);
}

TEST(NumberForm, GivesTheLargestFourDigitsAndKeepsTwoOfTheOthers) {
    const auto shown = [](const std::vector<double>& values, int most, double value) {
        return formatIn(numberForm(values, most), value);
    };
    EXPECT_EQ(shown({0.042, 0.0026}, 4, 0.042), "0.0420");
    EXPECT_EQ(shown({0.042, 0.0026}, 4, 0.0026), "0.0026");
    EXPECT_EQ(shown({0.042, 2.6e-5}, 4, 2.6e-5), QString::fromUtf8("2.6e−5"));
    EXPECT_EQ(shown({31.324227, 0.151152}, 6, 31.324227), "31.32");
    EXPECT_EQ(shown({31.324227, 0.151152}, 6, 0.151152), "0.15");
    EXPECT_EQ(numberForm({7e-9}, 4).exponent, -9);
    EXPECT_EQ(shown({7e-9}, 4, 7e-9), "7.00");
    EXPECT_EQ(shown({-4.61e-7}, 4, -4.61e-7), QString::fromUtf8("−461.0"));
    EXPECT_EQ(unitOf(numberForm({1.5e9}, 4)), QString::fromUtf8("×10⁹"));
    EXPECT_EQ(unitOf(numberForm({0.5}, 4)), "");
    EXPECT_EQ(shown({0, 0}, 4, 0), "0.0000");
    EXPECT_EQ(shown({1}, 4, std::nan("")), QString::fromUtf8("–"));
}

}  // namespace
}  // namespace qat::ui
