// Following a run folder: half lines, damage, resumption, rotation, deletion, size.
#include <gtest/gtest.h>

#include <QFile>
#include <QSignalSpy>
#include <QTimer>
#include <cmath>
#include <ctime>

#include "feed/event_line.h"
#include "feed/run_feed.h"
#include "support/assets.h"
#include "ui_pages/event_loop.h"
#include "ui_pages/fake_run.h"

namespace qat::ui {
namespace {

using test::FakeEvents;
using test::ScratchFolder;
using test::waitUntil;

double threadMilliseconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

struct Watched {
    ScratchFolder scratch;
    RunStore store;
    RunFeed feed{&store};
    const RunData& data() const { return store.data(); }
    QString path() const { return QString::fromStdString(scratch.path().string()); }
    void open() {
        feed.open(path());
        ASSERT_TRUE(waitUntil([&] { return !feed.isLoading(); }));
    }
    bool until(const std::function<bool()>& condition) { return waitUntil(condition); }
};

nlohmann::json runLine(bool resumed) {
    return {{"type", "run"},          {"run_id", "r1"}, {"time", "2026-01-02T03:04:05"}, {"model", "yolov8n"},
            {"quantization", "w4a4"}, {"epochs", 6},    {"stages", {"load", "train"}},   {"resumed", resumed}};
}

TEST(EventLine, AStoppedStageIsNotDone) {
    for (const char* status : {"incomplete", "completed-success"}) {
        RunData data;
        applyEventLine(data, R"({"t":1,"type":"stage","stage":"train","state":"begin"})");
        applyEventLine(data, R"({"t":2,"type":"progress","stage":"train","done":4,"total":640})");
        applyEventLine(data, R"({"t":3,"type":"stage","stage":"train","state":"end","seconds":2})");
        applyEventLine(data, QByteArray(R"({"t":3,"type":"end","status":")") + status + "\"}");
        const bool completed = status == std::string_view("completed-success");
        EXPECT_EQ(data.stage("train")->state, completed ? StageState::Done : StageState::Pending);
    }
}

TEST(EventLine, ReadsEveryType) {
    RunData data;
    applyEventLine(
        data, R"({"t":0,"type":"run","run_id":"a","epochs":3,"stages":["load","train"],"time":"2026-01-02T03:04:05"})");
    EXPECT_EQ(applyEventLine(data, R"({"t":1,"type":"stage","stage":"load","state":"begin"})"),
              kRunStages | kRunProgress);
    applyEventLine(data, R"({"t":3,"type":"stage","stage":"load","state":"end","seconds":2})");
    applyEventLine(data, R"({"t":4,"type":"progress","stage":"train","done":5,"total":10})");
    applyEventLine(data, R"({"t":4,"type":"scalar","series":"lr/pg0","x":1,"value":0.5})");
    applyEventLine(
        data,
        R"({"t":4,"type":"layer","table":"error","layer":"l","bits":4,"epoch":0,"metrics":{"mse":0.25,"cosine":null}})");
    applyEventLine(
        data,
        R"({"t":4,"type":"image","image":"a.png","width":4,"height":3,"stage":"ptq","fp32":[{"class":1,"name":"x","score":0.5,"box":[1,2,3,4]}],"quantized":[],"labels":[]})");
    applyEventLine(data, R"({"t":5,"type":"log","level":"warning","source":"s","text":"t"})");
    applyEventLine(data, R"({"t":6,"type":"end","status":"completed-failed","error":"bad"})");
    EXPECT_EQ(data.stages[0].state, StageState::Done);
    EXPECT_DOUBLE_EQ(data.stages[0].seconds, 2);
    EXPECT_EQ(data.stage("train")->total, 10);
    EXPECT_DOUBLE_EQ(*data.value("lr/pg0"), 0.5);
    const LayerMetrics* row = data.latest(LayerTable::Error, 4, "", "l");
    ASSERT_TRUE(row);
    EXPECT_DOUBLE_EQ(row->value("mse"), 0.25);
    EXPECT_TRUE(std::isnan(row->value("cosine")));
    ASSERT_EQ(data.images.size(), 1u);
    EXPECT_EQ(data.images[0].fp32[0].box, QRectF(1, 2, 2, 2));
    EXPECT_EQ(data.log.lines.back().severity, LogSeverity::Warning);
    EXPECT_EQ(data.log.lines.back().time.toString(Qt::ISODate), "2026-01-02T03:04:10");
    EXPECT_EQ(data.status, RunStatus::Failed);
    EXPECT_EQ(data.trouble, "bad");
}

TEST(EventLine, PassesOverUnknownTypesAndCountsDamage) {
    RunData data;
    EXPECT_EQ(applyEventLine(data, R"({"t":1,"type":"telepathy"})"), 0u);
    for (const char* line : {"{", "[1,2]", "\xff\xfe", "{\"t\":"}) applyEventLine(data, line);
    EXPECT_EQ(data.corruptLines, 4);
    EXPECT_EQ(data.log.lines.size(), 1u) << "one warning, not one a line";
}

TEST(EventLine, HostileValuesDoNotBreak) {
    RunData data;
    for (const char* line : {R"({"type":"scalar","series":"a","x":"1","value":2})",
                             R"({"type":"scalar","series":7,"x":1e308,"value":1e308})",
                             R"({"type":"progress","stage":"train","done":-5,"total":1e300})", R"({"type":"stage"})",
                             R"({"type":"image","image":"a","fp32":[{"box":[1,2]},{"box":"x"},3],"labels":{"a":1}})",
                             R"({"type":"layer","table":"error","layer":"x","metrics":[1,2]})",
                             R"({"type":"run","stages":"no","epochs":-3})", R"({"t":1e308,"type":"log"})"})
        applyEventLine(data, line);
    EXPECT_TRUE(data.series.empty());
    EXPECT_EQ(data.stage("train")->total, 0);
    EXPECT_EQ(data.run.epochs, 0);
    EXPECT_TRUE(data.images[0].fp32.isEmpty());
    EXPECT_FALSE(data.log.lines.back().time.isValid());
}

TEST(EventLine, ResumeSplitsSeriesAndGoesOnInTime) {
    RunData data;
    applyEventLine(data, R"({"t":0,"type":"run","run_id":"a"})");
    for (int x = 1; x <= 3; ++x)
        applyEventLine(
            data,
            QByteArray(R"({"t":%,"type":"scalar","series":"s","x":%,"value":1})").replace('%', QByteArray::number(x)));
    applyEventLine(data, R"({"t":0,"type":"run","run_id":"a","resumed":true})");
    applyEventLine(data, R"({"t":1,"type":"scalar","series":"s","x":2,"value":5})");
    const RunSeries* series = data.find("s");
    ASSERT_TRUE(series);
    EXPECT_EQ(series->starts, (std::vector<size_t>{0, 3}));
    EXPECT_DOUBLE_EQ(series->points.back().t, 4);
    EXPECT_EQ(data.run.resumes, 1);
    EXPECT_DOUBLE_EQ(*series->last(), 5);
}

TEST(RunData, RemainingTimeFollowsTheNewestRate) {
    RunData data;
    RunStage& stage = data.stageNamed("train");
    data.now = 0;
    data.noteProgress(stage, 0, 100);
    EXPECT_FALSE(data.remainingSeconds());
    data.now = 10;
    data.noteProgress(stage, 20, 100);
    EXPECT_DOUBLE_EQ(*data.remainingSeconds(), 40);
}

TEST(RunFeed, WaitsForTheRestOfAHalfWrittenLine) {
    Watched watched;
    FakeEvents events(watched.scratch.path());
    events.add(runLine(false), 0);
    events.raw(R"({"t":1,"type":"scalar","series":"a","x":1,)");
    watched.open();
    EXPECT_EQ(watched.data().run.id, "r1");
    EXPECT_TRUE(watched.data().series.empty());
    events.raw("\"value\":3}\n");
    ASSERT_TRUE(watched.until([&] { return watched.data().value("a").has_value(); }));
    EXPECT_EQ(watched.data().corruptLines, 0);
    EXPECT_EQ(watched.data().status, RunStatus::Running);
}

TEST(RunFeed, OneSignalForManyLinesOfATick) {
    Watched watched;
    FakeEvents events(watched.scratch.path());
    events.add(runLine(false), 0);
    watched.open();
    QSignalSpy changed(&watched.store, &RunStore::changed);
    std::string burst;
    for (int i = 0; i < 1200; ++i)
        burst += R"({"t":1,"type":"scalar","series":"a","x":)" + std::to_string(i) + R"(,"value":1})" + "\n";
    events.raw(burst);
    ASSERT_TRUE(
        watched.until([&] { return watched.data().find("a") && watched.data().find("a")->points.size() == 1200; }));
    EXPECT_GE(changed.count(), 3) << "at most 500 lines a tick";
    EXPECT_LE(changed.count(), 8);
}

TEST(RunFeed, StartsOverWhenTheFileIsReplaced) {
    Watched watched;
    test::writeFakeRun(watched.scratch.path(), {.epochs = 1, .epochsDone = 1, .images = 0, .ended = false});
    watched.open();
    ASSERT_FALSE(watched.data().series.empty());
    QFile::remove(watched.path() + "/events.jsonl");
    FakeEvents events(watched.scratch.path());
    events.add(runLine(false), 0);
    ASSERT_TRUE(watched.until([&] { return watched.data().run.id == "r1" && !watched.feed.isLoading(); }));
    EXPECT_TRUE(watched.data().series.empty());
}

TEST(RunFeed, SaysThatTheFolderIsGoneAndComesBack) {
    Watched watched;
    const auto folder = watched.scratch.path() / "run";
    std::filesystem::create_directories(folder);
    FakeEvents(folder).add(runLine(false), 0);
    watched.feed.open(QString::fromStdString(folder.string()));
    ASSERT_TRUE(watched.until([&] { return !watched.feed.isLoading(); }));
    std::filesystem::rename(folder, watched.scratch.path() / "away");
    ASSERT_TRUE(watched.until([&] { return watched.data().status == RunStatus::Gone; }));
    EXPECT_TRUE(watched.data().trouble.contains("run"));
    std::filesystem::rename(watched.scratch.path() / "away", folder);
    ASSERT_TRUE(watched.until([&] { return watched.data().status == RunStatus::Running; }));
}

TEST(RunFeed, ReadsAFinishedRunAndItsSideFiles) {
    Watched watched;
    test::writeFakeRun(watched.scratch.path(), {.images = 2});
    watched.open();
    const RunData& data = watched.data();
    EXPECT_EQ(data.status, RunStatus::Completed);
    EXPECT_EQ(data.layers.size(), 63);
    EXPECT_EQ(data.layers[0].weightShape, (QVector<qint64>{16, 3, 3, 3}));
    EXPECT_TRUE(data.summary.present);
    EXPECT_EQ(data.find("metrics/mAP50-95(B)")->points.size(), 12u);
    EXPECT_EQ(data.images.size(), 2u);
    EXPECT_EQ(data.bitsOf(LayerTable::Sensitivity), (QVector<int>{4, 8}));
    EXPECT_EQ(data.orderedLayers().front(), "model.0.conv");
}

TEST(RunFeed, TellsThatAGateWasOverridden) {
    Watched watched;
    FakeEvents(watched.scratch.path()).add(runLine(false), 0);
    std::ofstream(watched.scratch.path() / "run_summary.json")
        << R"({"run_id": "a", "overridden_gate": "0 of 2 on n"})";
    watched.open();
    EXPECT_EQ(watched.data().summary.overriddenGate, "0 of 2 on n");
}

TEST(RunFeed, WithoutEventsTheTablesOfTheFolderServe) {
    Watched watched;
    test::writeFakeRun(watched.scratch.path(), {.images = 0});
    QFile::remove(watched.path() + "/events.jsonl");
    watched.open();
    EXPECT_EQ(watched.data().status, RunStatus::Completed);
    EXPECT_EQ(watched.data().find("metrics/mAP50-95(B)")->points.size(), 12u);
    EXPECT_EQ(watched.data().layers.size(), 63);
    EXPECT_DOUBLE_EQ(*watched.data().summary.final, 0.3791);
}

TEST(RunFeed, DamagedSideFilesAreNotFatal) {
    Watched watched;
    FakeEvents(watched.scratch.path()).add(runLine(false), 0);
    std::ofstream(watched.scratch.path() / "run_summary.json") << "{\"run_id\": ";
    std::ofstream(watched.scratch.path() / "layers.json") << "[3, {\"name\": 4}, {\"name\":\"a\"}]";
    watched.open();
    EXPECT_FALSE(watched.data().summary.present);
    ASSERT_EQ(watched.data().layers.size(), 1);
    EXPECT_EQ(watched.data().status, RunStatus::Running);
}

TEST(RunFeed, AnEndlessLineIsCutNotKept) {
    ScratchFolder scratch;
    const QString path = QString::fromStdString((scratch.path() / "events.jsonl").string());
    std::ofstream(path.toStdString()) << std::string(9 << 20, 'x')
                                      << "\n{\"t\":1,\"type\":\"log\",\"text\":\"after\"}\n";
    RunData data;
    EventTail tail(path);
    for (int i = 0; i < 3; ++i) tail.read({500, 8 << 20}, [&](const QByteArray& line) { applyEventLine(data, line); });
    EXPECT_EQ(data.corruptLines, 1);
    EXPECT_EQ(data.log.lines.back().text, "after");
}

TEST(RunFeed, ABigFileLoadsWithoutBlockingTheEventLoop) {
    Watched watched;
    {
        FakeEvents events(watched.scratch.path());
        events.add(runLine(false), 0);
        std::string block;
        for (int i = 0; i < 100000; ++i)
            block += R"({"t":)" + std::to_string(i * 0.1) + R"(,"type":"scalar","series":"train/box_loss","x":)" +
                     std::to_string(i) + R"(,"value":1.25})" + "\n";
        events.raw(block);
    }
    // Processor time of this thread between two heartbeats: what the feed costs the event loop, whoever else is busy.
    double longest = 0, last = threadMilliseconds();
    QTimer heartbeat;
    QObject::connect(&heartbeat, &QTimer::timeout, [&] {
        const double now = threadMilliseconds();
        longest = std::max(longest, now - last);
        last = now;
    });
    QElapsedTimer whole;
    whole.start();
    heartbeat.start(1);
    watched.open();
    longest = std::max(longest, threadMilliseconds() - last);
    EXPECT_EQ(watched.data().find("train/box_loss")->points.size(), 100000u);
    EXPECT_LT(longest, 50) << "the event loop stood still";
    std::printf("100 000 lines in %lld ms, longest turn of the event loop %.1f ms\n",
                static_cast<long long>(whole.elapsed()), longest);
}

}  // namespace
}  // namespace qat::ui
