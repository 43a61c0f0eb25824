// The three pages over made-up runs: models, linking, sleeping while hidden, states without data.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QHeaderView>
#include <QLabel>
#include <QMainWindow>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>
#include <fstream>

#include "analyze/analyze_page.h"
#include "analyze/layer_inspector.h"
#include "analyze/layer_model.h"
#include "charts/rank_bars.h"
#include "charts/visible_refresh.h"
#include "compare/compare_models.h"
#include "compare/compare_page.h"
#include "feed/event_line.h"
#include "feed/run_feed.h"
#include "feed/run_folder.h"
#include "run/log_model.h"
#include "run/oscillation_model.h"
#include "run/run_page.h"
#include "session/run_lock.h"
#include "support/assets.h"
#include "ui_pages/event_loop.h"
#include "ui_pages/fake_run.h"
#include "widgets/empty_state.h"
#include "widgets/message_bar.h"
#include "widgets/number_form.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {

using Tester = QAbstractItemModelTester;
constexpr auto kFatal = Tester::FailureReportingMode::Fatal;
using test::waitUntil;

struct Scene {
    test::ScratchFolder scratch;
    ThemeHub theme{ThemeHub::Mode::Light};
    SelectionHub selection;
    RunStore store;

    void load(const test::FakeRunOptions& options = {}) {
        test::writeFakeRun(scratch.path(), options);
        read();
    }
    void read() {
        EventTail tail;
        store.replace(readRunFolder(QString::fromStdString(scratch.path().string()), tail));
    }
};

QPushButton* buttonOf(QWidget& widget, const QString& text) {
    for (QPushButton* button : widget.findChildren<QPushButton*>())
        if (button->text().contains(text)) return button;
    return nullptr;
}

TEST(LogModel, GrowsShrinksAndFilters) {
    Scene scene;
    LogModel model(&scene.store);
    LogFilter filter;
    filter.setSourceModel(&model);
    Tester modelTester(&model, kFatal), filterTester(&filter, kFatal);
    QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
    const auto add = [&](LogSeverity severity, const char* text) {
        scene.store.edit().log.add({1, {}, severity, "s", text});
        model.update();
    };
    add(LogSeverity::Info, "epoch 1");
    add(LogSeverity::Warning, "range [0, 3]");
    add(LogSeverity::Error, "failed");
    EXPECT_EQ(model.rowCount(), 3);
    EXPECT_EQ(resets.count(), 0) << "rows are added, the view keeps its place";
    filter.setLeast(LogSeverity::Warning);
    EXPECT_EQ(filter.rowCount(), 2);
    filter.setLeast(LogSeverity::Info);
    filter.setText("EPOCH \\d");
    EXPECT_EQ(filter.rowCount(), 1);
    filter.setText("[0, ");
    EXPECT_EQ(filter.rowCount(), 1) << "a broken expression is plain text";
    filter.setText("");
    for (size_t i = 0; i < RunLog::kCapacity; ++i) scene.store.edit().log.add({2, {}, LogSeverity::Info, "s", "more"});
    model.update();
    EXPECT_EQ(model.rowCount(), static_cast<int>(RunLog::kCapacity));
    EXPECT_EQ(model.index(0, LogModel::Text).data(), "more");
}

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
    EXPECT_EQ(metricsOf(scene.store.data(), LayerTable::Sensitivity).front(), "score");
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

TEST(Run, FiguresFloorAndCollapse) {
    Scene scene;
    scene.load({.images = 0, .collapses = true});
    const RunFigures figures = runFigures(scene.store.data());
    EXPECT_DOUBLE_EQ(*figures.fp32, 0.4710);
    EXPECT_DOUBLE_EQ(*figures.floor(), *figures.best * 0.5);
    EXPECT_TRUE(figures.collapsed());
    EXPECT_DOUBLE_EQ(stepsPerEpoch(scene.store.data()), 60);
    EXPECT_DOUBLE_EQ(lastX(scene.store.data(), RunAxis::Step), 720);
    const std::vector<ChartLine> lines = mapLines(scene.store.data(), RunAxis::Epoch);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[0].role, LineRole::Limit);
    for (size_t i = 1; i < lines[0].points.size(); ++i)
        EXPECT_GE(lines[0].points[i].y(), lines[0].points[i - 1].y()) << "the floor only rises";
    EXPECT_NEAR(lossLines(scene.store.data(), RunAxis::Epoch)[0].points.back().x(), 12, 1e-9);
    int exponent = 0;
    rateLines(scene.store.data(), RunAxis::Epoch, &exponent);
    EXPECT_EQ(exponent, -4);
}

TEST(Run, RemediesOfOscillationHaveTheirLines) {
    Scene scene;
    scene.load({.images = 0});
    const auto count = [&](const auto& lines) { return lines(scene.store.data(), RunAxis::Epoch).size(); };
    EXPECT_EQ(count(lossLines), 3u);
    EXPECT_EQ(count(oscillationLines), 1u);
    scene.load({.images = 0, .remedies = true});
    const std::vector<ChartLine> losses = lossLines(scene.store.data(), RunAxis::Epoch);
    ASSERT_EQ(losses.size(), 5u);
    EXPECT_EQ(losses[3].name, "dampening");
    EXPECT_EQ(losses[4].name, "ce") << "a term without a name of ours goes by its own";
    EXPECT_EQ(count(mapLines), 5u);
    const std::vector<ChartLine> shares = oscillationLines(scene.store.data(), RunAxis::Epoch);
    ASSERT_EQ(shares.size(), 2u);
    EXPECT_NEAR(shares[0].points.back().y(), 12, 1e-9) << "percent of frozen weights";
}

// The page draws whatever the list has: title, sentence and lines of each row reach a pane of their own.
TEST(Run, EveryChartOfTheListHasItsPane) {
    Scene scene;
    scene.load({.images = 0});
    RunPage page(&scene.theme, &scene.selection, &scene.store);
    page.resize(1400, 900);
    page.show();
    waitUntil([] { return false; }, 50);
    const QList<ChartPane*> panes = page.findChildren<ChartPane*>();
    const std::vector<RunChart> charts = runCharts();
    ASSERT_EQ(panes.size(), static_cast<qsizetype>(charts.size()));
    for (const RunChart& chart : charts) {
        const RunChart::Content content = chart.content(scene.store.data(), RunAxis::Epoch);
        EXPECT_FALSE(content.lines.empty()) << chart.title.toStdString();
        EXPECT_FALSE(content.detail.isEmpty()) << chart.title.toStdString();
        const auto pane = std::find_if(panes.begin(), panes.end(),
                                       [&](const ChartPane* each) { return each->header()->title() == chart.title; });
        ASSERT_NE(pane, panes.end()) << chart.title.toStdString();
        EXPECT_EQ((*pane)->smoothing(), chart.smoothing);
        ASSERT_EQ((*pane)->canvas()->lines().size(), content.lines.size()) << chart.title.toStdString();
        EXPECT_EQ((*pane)->canvas()->lines().front().points, content.lines.front().points);
    }
}

TEST(Run, TheCurveSaysWhetherItIsThatOfTheAverage) {
    Scene scene;
    const auto name = [&] { return mapLines(scene.store.data(), RunAxis::Epoch).back().name; };
    scene.load({.images = 0, .remedies = true});
    EXPECT_EQ(name(), "Quantized, EMA");
    scene.load({.images = 0});
    EXPECT_EQ(name(), "Quantized");
}

TEST(Run, PageShowsLiveFailedAndEmptyRuns) {
    Scene scene;
    RunPage page(&scene.theme, &scene.selection, &scene.store);
    page.resize(1200, 800);
    page.show();
    QSignalSpy stops(&page, &RunPage::stopRequested);
    EXPECT_FALSE(page.grab().isNull());
    scene.load({.epochsDone = 3, .images = 0, .ended = false});
    EXPECT_FALSE(page.grab().isNull());
    QPushButton* stop = buttonOf(page, "Stop");
    ASSERT_TRUE(stop);
    EXPECT_TRUE(stop->isVisible());
    EXPECT_FALSE(stop->isEnabled()) << "nobody holds the lock: there is no one to ask";
    EXPECT_FALSE(stop->toolTip().isEmpty());
    {
        CancelToken cancel;
        const RunLock lock(scene.scratch.path(), cancel);
        scene.read();
        EXPECT_TRUE(stop->isEnabled());
        stop->click();
        EXPECT_EQ(stops.count(), 1);
        scene.read();
        EXPECT_FALSE(stop->isEnabled()) << "asked once is enough";
    }
    test::FakeEvents(scene.scratch.path())
        .add({{"type", "end"}, {"status", "completed-failed"}, {"error", "out of memory"}}, 500);
    EventTail tail;
    scene.store.replace(readRunFolder(QString::fromStdString(scene.scratch.path().string()), tail));
    EXPECT_FALSE(stop->isVisible());
    EXPECT_FALSE(page.grab().isNull());
}

TEST(Run, AKilledRunCanBeResumedWhereItIsTold) {
    Scene scene;
    RunPage page(&scene.theme, &scene.selection, &scene.store);
    page.show();
    QSignalSpy resumes(&page, &RunPage::resumeRequested);
    scene.load({.epochsDone = 3, .images = 0, .ended = false});
    std::ofstream(scene.scratch.path() / "run.lock") << R"({"pid":77,"host":"","boot":""})"
                                                     << "\n";
    std::ofstream(scene.scratch.path() / "config.yaml") << "model: {}\n";
    scene.read();
    auto* messages = page.findChild<MessageStack*>();
    ASSERT_EQ(messages->count(), 1);
    const QString said = messages->findChild<QWidget*>("status")->accessibleName();
    EXPECT_TRUE(said.contains("was killed") && said.contains("77")) << said.toStdString();
    EXPECT_TRUE(said.contains("starts again from Load")) << said.toStdString();
    buttonOf(*messages, "Resume")->click();
    EXPECT_EQ(resumes.count(), 1);
    scene.read();
    EXPECT_EQ(messages->count(), 0) << "told once";
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    EXPECT_TRUE(buttonOf(page, "Resume")->isVisible()) << "the monitor still offers it";
}

TEST(Run, DamageIsOneMessageAndAChip) {
    Scene scene;
    RunPage page(&scene.theme, &scene.selection, &scene.store);
    page.show();
    scene.load({.images = 0});
    std::ofstream(scene.scratch.path() / "layers.json") << "[";
    std::ofstream(scene.scratch.path() / "run_summary.json") << R"({"schema_version": "9.0"})";
    scene.read();
    auto* messages = page.findChild<MessageStack*>();
    ASSERT_EQ(messages->count(), 1);
    const QString said = messages->findChild<QWidget*>("damage")->accessibleName();
    EXPECT_TRUE(said.contains("layers.json cannot be read") && said.contains("newer version")) << said.toStdString();
}

TEST(Run, EveryStageHasATitle) {
    for (const char* stage : {"load", "calibrate", "search", "repair", "evaluate_fp32", "evaluate_ptq", "analyze",
                              "train", "reestimate", "qc", "evaluate", "export"})
        EXPECT_NE(stageTitle(stage), stage);
}

TEST(Run, OscillationModelTakesTheWorst) {
    Scene scene;
    scene.load({.images = 0});
    OscillationModel model(&scene.selection);
    Tester tester(&model, kFatal);
    model.showRun(scene.store.data(), 7);
    ASSERT_EQ(model.rowCount(), 7);
    for (int row = 1; row < 7; ++row)
        EXPECT_GE(model.index(row - 1, 0).data(SortRole).toDouble(), model.index(row, 0).data(SortRole).toDouble());
    EXPECT_EQ(model.index(0, 0).data(HistoryRole).toList().size(), 12);
}

RunBox box(double x, double y, double side, double score, int classIndex) {
    return {QRectF(x, y, side, side), score, classIndex, QString::number(classIndex)};
}

TEST(Comparison, NamesEveryFate) {
    RunImage image;
    image.labels = {box(0, 0, 10, 1, 0), box(50, 0, 10, 1, 0), box(100, 0, 10, 1, 0), box(150, 0, 10, 1, 0)};
    image.fp32 = {box(0, 0, 10, 0.9, 0), box(50, 0, 10, 0.8, 0), box(150, 0, 10, 0.7, 0), box(300, 0, 10, 0.2, 0)};
    image.quantized = {box(0, 0, 10, 0.6, 0), box(150, 0, 10, 0.7, 1), box(200, 0, 10, 0.5, 0)};
    const ImageComparison result = compareImage(image, {0.25, 0.25});
    EXPECT_EQ(result.count(Transition::Kept), 1);
    EXPECT_EQ(result.count(Transition::Lost), 1);
    EXPECT_EQ(result.count(Transition::ClassFlip), 1);
    EXPECT_EQ(result.count(Transition::MissedByBoth), 1);
    EXPECT_EQ(result.count(Transition::NewFalseAlarm), 1);
    EXPECT_EQ(result.fp32Boxes, 3) << "below the threshold does not count";
    EXPECT_EQ(result.objects.front().transition, Transition::Lost) << "worst first";
    EXPECT_EQ(result.objects.front().fp32, 1) << "indices point into the image's own lists";
}

TEST(Comparison, ThresholdsOfTheSidesAreIndependent) {
    RunImage image;
    image.fp32 = {box(0, 0, 10, 0.5, 0)};
    image.quantized = {box(0, 0, 10, 0.2, 0)};
    EXPECT_EQ(compareImage(image, {0.25, 0.25}).count(Transition::Lost), 1);
    EXPECT_EQ(compareImage(image, {0.25, 0.15}).count(Transition::Kept), 1);
}

TEST(Comparison, NothingIsCountedTwiceOrForgotten) {
    Scene scene;
    scene.load({.images = 24});
    const auto images = std::make_shared<const std::vector<RunImage>>(scene.store.data().images);
    const RunComparison run = compareRun(images, {0.3, 0.2});
    int64_t labels = 0, all = 0;
    for (const RunImage& image : *images) labels += image.labels.size();
    for (const Transition t :
         {Transition::Kept, Transition::Lost, Transition::Gained, Transition::ClassFlip, Transition::MissedByBoth})
        all += run.count(t);
    EXPECT_EQ(all, labels);
    EXPECT_GT(run.recall(false), run.recall(true));
    for (size_t i = 0; i < images->size(); ++i) {
        std::set<int> fp32, quantized;
        for (const ObjectRow& row : run.results[i].objects) {
            if (row.fp32 >= 0) {
                EXPECT_TRUE(fp32.insert(row.fp32).second);
            }
            if (row.quantized >= 0) {
                EXPECT_TRUE(quantized.insert(row.quantized).second);
            }
        }
        EXPECT_EQ(fp32.size(), static_cast<size_t>(run.results[i].fp32Boxes));
        EXPECT_EQ(quantized.size(), static_cast<size_t>(run.results[i].quantizedBoxes));
    }
}

TEST(Compare, ModelsAreSound) {
    Scene scene;
    scene.load({.images = 12});
    const auto images = std::make_shared<const std::vector<RunImage>>(scene.store.data().images);
    const auto comparison = std::make_shared<const RunComparison>(compareRun(images, {}));
    FacetModel facets;
    DamageModel damage;
    DamageFilter filter;
    filter.setSourceModel(&damage);
    ObjectModel objects;
    Tester a(&facets, kFatal), b(&damage, kFatal), c(&filter, kFatal), d(&objects, kFatal);
    facets.setComparison(comparison);
    damage.setComparison(comparison);
    filter.sort(DamageModel::Lost, Qt::DescendingOrder);
    objects.setObjects((*images)[0], comparison->results[0].objects);
    EXPECT_EQ(facets.rowCount(), 8);
    EXPECT_EQ(filter.rowCount(), 12);
    for (int row = 1; row < 12; ++row)
        EXPECT_GE(filter.index(row - 1, DamageModel::Lost).data(SortRole).toInt(),
                  filter.index(row, DamageModel::Lost).data(SortRole).toInt());
    filter.setWanted({Transition::Lost}, comparison);
    EXPECT_EQ(filter.rowCount(), std::count_if(comparison->results.begin(), comparison->results.end(),
                                               [](const ImageComparison& i) { return i.count(Transition::Lost) > 0; }));
    facets.setComparison(std::make_shared<const RunComparison>(compareRun(images, {0.5, 0.5})));
}

TEST(Compare, PageFindsTheWorstImageAndFollowsTheHub) {
    Scene scene;
    scene.load({.images = 12});
    ComparePage page(&scene.theme, &scene.selection, &scene.store);
    page.resize(1400, 900);
    page.show();
    ASSERT_TRUE(waitUntil([&] { return page.comparison() != nullptr; }));
    EXPECT_EQ(page.currentImage(), page.images()->index(0, 0).data(DamageModel::PathRole).toString());
    const QString other = page.images()->index(5, 0).data(DamageModel::PathRole).toString();
    scene.selection.selectImages({other}, other, nullptr);
    EXPECT_EQ(page.currentImage(), other);
    QTest::keyClick(&page, Qt::Key_J);
    EXPECT_EQ(scene.selection.currentImage(), page.images()->index(6, 0).data(DamageModel::PathRole).toString());
    EXPECT_FALSE(page.grab().isNull());
}

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

// At 8 bits noise over signal is some 1e-9: the bars, their axis and the table say the same digits.
TEST(Analyze, SmallNumbersHaveDigitsAndTheSameOnesInChartAndTable) {
    Scene scene;
    scene.load({.images = 0});
    RunData data = scene.store.data();
    const std::vector<double> scores{7.1e-9, 2.34e-5, 6.05e-9, 3.9e-8};
    int at = 0;
    for (auto& [key, metrics] : data.layerRows)
        if (key.table == LayerTable::Sensitivity) metrics["score"] = scores[static_cast<size_t>(at++ % 4)];
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

TEST(ViewTransform, ZoomKeepsThePointUnderThePointer) {
    ViewTransform transform;
    const QSizeF view(400, 300), image(800, 600);
    const QPointF at(100, 200), before = transform.transform(view, image).inverted().map(at);
    transform.zoomBy(3, {0.25, 200.0 / 300}, view, image);
    const QPointF after = transform.transform(view, image).inverted().map(at);
    EXPECT_NEAR(before.x(), after.x(), 1e-9);
    EXPECT_NEAR(before.y(), after.y(), 1e-9);
    transform.actualSize(view, image);
    EXPECT_DOUBLE_EQ(transform.transform(view, image).m11(), 1);
    transform.fit();
    EXPECT_EQ(transform.transform(view, image).mapRect(QRectF({}, image)), QRectF({}, view));
}

TEST(ImageCache, FallsBackToThePreviewAndSaysWhatIsWrong) {
    test::ScratchFolder scratch;
    const QString folder = QString::fromStdString(scratch.path().string());
    QImage(8, 4, QImage::Format_RGB32).save(folder + "/p.png");
    ASSERT_EQ(::mkfifo((scratch.path() / "pipe").c_str(), 0600), 0);
    ImageCache cache;
    QSignalSpy ready(&cache, &ImageCache::ready);
    EXPECT_EQ(cache.find(folder + "/gone.jpg", folder + "/p.png"), nullptr);
    EXPECT_EQ(cache.find(folder + "/bad.jpg", {}), nullptr);
    EXPECT_EQ(cache.find(folder + "/pipe", {}), nullptr);
    ASSERT_TRUE(waitUntil([&] { return ready.count() == 3; })) << "a pipe keeps nobody waiting";
    EXPECT_TRUE(cache.find(folder + "/pipe", {})->trouble.contains("it is not a regular file"));
    const ImageCache::Entry* preview = cache.find(folder + "/gone.jpg", {});
    ASSERT_TRUE(preview);
    EXPECT_TRUE(preview->isPreview);
    EXPECT_EQ(preview->image.size(), QSize(8, 4));
    EXPECT_TRUE(cache.find(folder + "/bad.jpg", {})->trouble.contains("bad.jpg"));
}

}  // namespace
}  // namespace qat::ui
