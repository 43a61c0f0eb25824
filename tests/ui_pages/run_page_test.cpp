// The Run page over made-up runs: figures, curves, log, states without an end.
#include <gtest/gtest.h>

#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <algorithm>
#include <fstream>

#include "progress/log_model.h"
#include "progress/oscillation_model.h"
#include "progress/run_curves.h"
#include "progress/run_page.h"
#include "progress/sentinel_bar.h"
#include "progress/stage_rail.h"
#include "session/run_lock.h"
#include "support/event_file.h"
#include "support/recorded_run.h"
#include "ui_pages/event_loop.h"
#include "ui_pages/scene.h"
#include "widgets/message_bar.h"
#include "widgets/panel.h"

namespace qat::ui {
namespace {

using test::waitUntil;

TEST(LogModel, GrowsShrinksAndFilters) {
    Scene scene;
    LogModel model(&scene.store);
    LogFilter filter;
    filter.setSourceModel(&model);
    Tester modelTester(&model, kFatal), filterTester(&filter, kFatal);
    QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
    const auto add = [&](LogLevel level, const char* text) {
        scene.store.edit().log.add({1, 1, 0, level, "s", text});
        model.update();
    };
    add(LogLevel::Info, "epoch 1");
    add(LogLevel::Warning, "range [0, 3]");
    add(LogLevel::Error, "failed");
    EXPECT_EQ(model.rowCount(), 3);
    EXPECT_EQ(resets.count(), 0) << "rows are added, the view keeps its place";
    filter.setLeast(LogLevel::Warning);
    EXPECT_EQ(filter.rowCount(), 2);
    filter.setLeast(LogLevel::Info);
    filter.setText("EPOCH \\d");
    EXPECT_EQ(filter.rowCount(), 1);
    filter.setText("[0, ");
    EXPECT_EQ(filter.rowCount(), 1) << "a broken expression is plain text";
    filter.setText("");
    for (size_t i = 0; i < RunLog::kCapacity; ++i) scene.store.edit().log.add({2, 2, 0, LogLevel::Info, "s", "more"});
    model.update();
    EXPECT_EQ(model.rowCount(), static_cast<int>(RunLog::kCapacity));
    EXPECT_EQ(model.index(0, LogModel::Text).data(), "more");
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
    const std::vector<ChartLine> lines = scoreLines(scene.store.data(), RunAxis::Epoch);
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
    EXPECT_EQ(count(scoreLines), 5u);
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
        const QString title = content.title.isEmpty() ? chart.title : content.title;
        const auto pane = std::find_if(panes.begin(), panes.end(),
                                       [&](const ChartPane* each) { return each->header()->title() == title; });
        ASSERT_NE(pane, panes.end()) << chart.title.toStdString();
        EXPECT_EQ((*pane)->smoothing(), chart.smoothing);
        ASSERT_EQ((*pane)->canvas()->content().lines().size(), content.lines.size()) << chart.title.toStdString();
        EXPECT_EQ((*pane)->canvas()->content().lines().front().points, content.lines.front().points);
    }
}

TEST(Run, TheCurveSaysWhetherItIsThatOfTheAverage) {
    Scene scene;
    const auto name = [&] { return scoreLines(scene.store.data(), RunAxis::Epoch).back().name; };
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
    test::EventFile(scene.scratch.path()).add(EndEvent{std::string(run_status::kFailed), {"out of memory"}});
    scene.read();
    EXPECT_EQ(scene.store.data().trouble, "out of memory");
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
    for (const std::string& stage : test::recordedStages()) EXPECT_NE(stageTitle(stage), qtext(stage));
    EXPECT_EQ(stageTitle(stages::kCorrect), "Correct (QC)");
    EXPECT_EQ(stageTitle("of_a_later_version"), "of_a_later_version");
}

// A run that the program has recorded, with every stage and table it has.
TEST(Run, TheRailNamesEveryStageOfTheRecordedRun) {
    Scene scene;
    EventTail tail;
    scene.store.replace(readRunFolder(QString::fromStdString(test::recordedRun().string()), tail));
    EXPECT_EQ(scene.store.data().status, RunStatus::Completed);
    RunPage page(&scene.theme, &scene.selection, &scene.store);
    page.show();
    const QString words = page.findChild<StageRail*>()->accessibleDescription();
    EXPECT_TRUE(words.contains("Correct (QC)") && words.contains("Repair")) << words.toStdString();
    EXPECT_FALSE(words.contains("qc")) << words.toStdString();
}

// The folder says what its network is judged by.
TEST(Run, OfAClassifierIsShownUnderItsOwnNames) {
    Scene scene;
    EventTail tail;
    scene.store.replace(readRunFolder(QString::fromStdString(test::recordedClassifier().string()), tail));
    const RunData& data = scene.store.data();
    EXPECT_EQ(data.status, RunStatus::Completed);
    const RunFigures figures = runFigures(data);
    EXPECT_EQ(figures.metric.label, "top-1");
    ASSERT_TRUE(figures.fp32 && figures.current && figures.best && figures.final);
    EXPECT_EQ(figures.shown(0.5), "0.5000") << "as many digits as the metric is worth";
    const std::vector<ChartLine> lines = scoreLines(data, RunAxis::Epoch);
    ASSERT_EQ(lines.size(), 4u) << "floor, FP32, not averaged, averaged";
    EXPECT_EQ(lines.back().points.size(), 3u);
    EXPECT_EQ(kpisOf(data).front().label, "FP32, top-1");
    RunPage page(&scene.theme, &scene.selection, &scene.store);
    page.show();
    const auto headers = page.findChildren<PanelHeader*>();
    const auto titled = [&](const QString& title) {
        return std::ranges::any_of(headers, [&](const PanelHeader* header) { return header->title() == title; });
    };
    EXPECT_TRUE(waitUntil([&] { return titled("top-1"); }));
    EXPECT_FALSE(titled("mAP50-95"));
    for (const QLabel* label : page.findChildren<QLabel*>())
        EXPECT_FALSE(label->text().contains("mAP")) << label->text().toStdString();
    scene.load({.images = 0});
    EXPECT_TRUE(waitUntil([&] { return titled("mAP50-95"); })) << "a detector's behind it";
}

TEST(Run, RecommendedConfidencesAreThoseOfFp32AndTheNewestQuantizedModel) {
    RunData data;
    const auto tell = [&](const char* series, double value) {
        data.apply("{\"t\":1,\"type\":\"scalar\",\"series\":\"" + std::string(series) +
                   "\",\"x\":0,\"value\":" + std::to_string(value) + "}");
    };
    EXPECT_EQ(kpisOf(data).size(), 4u) << "a run that does not say";
    tell("fp32/confidence", 0.41);
    tell("ptq/confidence", 0.25);
    std::vector<Kpi> kpis = kpisOf(data);
    ASSERT_EQ(kpis.size(), 6u);
    EXPECT_EQ(kpis[4].label + kpis[4].value, "Confidence, FP320.410");
    EXPECT_EQ(kpis[5].label + kpis[5].value, "Confidence, quantized0.250");
    EXPECT_TRUE(kpis[5].note.contains("recommended"));
    tell("final/confidence", 0.31);
    EXPECT_EQ(kpisOf(data).back().value, "0.310");
}

TEST(Run, TheSummarySaysWithWhichHeadItWasMeasured) {
    test::ScratchFolder scratch;
    const QString file = QString::fromStdString((scratch.path() / run_files::kSummary).string());
    std::ofstream(scratch.path() / run_files::kSummary)
        << R"({"metrics":{"measured":{"head":"one2one","input":"640x640","post_processing":"the best"}}})";
    RunData data;
    readRunSummary(data, file);
    EXPECT_EQ(data.summary.measured, "one2one head, 640x640, the best");
}

// What lists of runs read: no event is needed.
TEST(Run, TheSummaryOfAClassifierHasTheList) {
    RunData data;
    readRunSummary(data, QString::fromStdString((test::recordedClassifier() / run_files::kSummary).string()));
    EXPECT_EQ(data.metrics.primary().label, "top-1");
    EXPECT_TRUE(data.summary.final);
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

}  // namespace
}  // namespace qat::ui
