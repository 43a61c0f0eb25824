// Following a run folder: half lines, damage, resumption, rotation, deletion, size.
#include <gtest/gtest.h>

#include <QFile>
#include <QSignalSpy>
#include <QTimer>
#include <ctime>
#include <fstream>

#include "feed/event_line.h"
#include "feed/run_feed.h"
#include "runs/event_line.h"
#include "support/assets.h"
#include "support/detection_series.h"
#include "support/event_file.h"
#include "ui_pages/event_loop.h"
#include "ui_pages/fake_run.h"

namespace qat::ui {
namespace {

using test::EventFile;
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

RunHeader runLine() {
    RunHeader header{"r1", "yolov8n", "w4a4", "", 6, {"load", "train"}};
    header.time = "2026-01-02T03:04:05";
    return header;
}

TEST(EventLine, TheEndsWordIsTheStatus) {
    const std::pair<std::string_view, RunStatus> ends[] = {{run_status::kSuccess, RunStatus::Completed},
                                                           {run_status::kFailed, RunStatus::Failed},
                                                           {run_status::kIncomplete, RunStatus::Incomplete}};
    for (const auto& [word, status] : ends) {
        RunData data;
        const auto apply = [&](const RunEvent& event) {
            return applyEventLine(data, QByteArray::fromStdString(eventLine(2, event)));
        };
        EXPECT_TRUE(apply(runLine()) & kRunStatus);
        EXPECT_EQ(data.status, RunStatus::Running);
        EXPECT_TRUE(apply(EndEvent{std::string(word), {"bad"}}) & kRunStatus);
        EXPECT_EQ(data.status, status);
        EXPECT_EQ(data.trouble, "bad");
        apply(runLine());
        EXPECT_EQ(data.status, RunStatus::Running) << "resumed";
        EXPECT_EQ(data.trouble, "");
    }
}

TEST(EventLine, CountsDamageAndTellsItOnceInTheLog) {
    RunData data;
    for (const char* line : {"{", "[1,2]", "\xff\xfe", "{\"t\":"})
        EXPECT_EQ(applyEventLine(data, line) & ~unsigned(kRunLog), unsigned(kRunStatus));
    EXPECT_EQ(data.corruptLines, 4);
    EXPECT_EQ(data.log.lines.size(), 1u) << "one warning, not one a line";
    EXPECT_TRUE(data.damage.at("events.jsonl").startsWith("4 lines of events.jsonl are no JSON, the first is line 1"));
}

TEST(EventLine, LinesOfTheLogHaveTheTimeOfDayTheyWereWritten) {
    RunData data;
    const auto apply = [&](double t, const RunEvent& event) {
        applyEventLine(data, QByteArray::fromStdString(eventLine(t, event)));
    };
    apply(1, LogEvent{LogLevel::Info, "s", "before any"});
    apply(0, runLine());
    apply(5, LogEvent{LogLevel::Warning, "s", "t"});
    apply(1e308, LogEvent{});
    EXPECT_FALSE(wallClock(data, data.log.lines[0]).isValid());
    EXPECT_EQ(wallClock(data, data.log.lines[1]).toString(Qt::ISODate), "2026-01-02T03:04:10");
    EXPECT_FALSE(wallClock(data, data.log.lines[2]).isValid());
}

TEST(RunFeed, WaitsForTheRestOfAHalfWrittenLine) {
    Watched watched;
    EventFile events(watched.scratch.path());
    events.add(runLine());
    events.raw(R"({"t":1,"type":"scalar","series":"a","x":1,)");
    watched.open();
    EXPECT_EQ(watched.data().run.runId, "r1");
    EXPECT_TRUE(watched.data().series.empty());
    events.raw("\"value\":3}\n");
    ASSERT_TRUE(watched.until([&] { return watched.data().value("a").has_value(); }));
    EXPECT_EQ(watched.data().corruptLines, 0);
    EXPECT_EQ(watched.data().status, RunStatus::Running);
}

TEST(RunFeed, OneSignalForManyLinesOfATick) {
    Watched watched;
    EventFile events(watched.scratch.path());
    events.add(runLine());
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
    EventFile events(watched.scratch.path());
    events.add(runLine());
    ASSERT_TRUE(watched.until([&] { return watched.data().run.runId == "r1" && !watched.feed.isLoading(); }));
    EXPECT_TRUE(watched.data().series.empty());
}

TEST(RunFeed, SaysThatTheFolderIsGoneAndComesBack) {
    Watched watched;
    const auto folder = watched.scratch.path() / "run";
    std::filesystem::create_directories(folder);
    EventFile(folder).add(runLine());
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
    EXPECT_EQ(data.layers.size(), 63u);
    EXPECT_EQ(data.layers[0].weightShape, (std::vector<int64_t>{16, 3, 3, 3}));
    EXPECT_TRUE(data.summary.present);
    EXPECT_EQ(data.find(series::kMap)->points.size(), 12u);
    EXPECT_EQ(data.images.size(), 2u);
    EXPECT_EQ(data.bitsOf(tables::kSensitivity), (std::vector<int>{4, 8}));
    EXPECT_EQ(data.orderedLayers().front(), "model.0.conv");
}

TEST(RunFeed, TellsThatAGateWasOverridden) {
    Watched watched;
    EventFile(watched.scratch.path()).add(runLine());
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
    EXPECT_EQ(watched.data().find(series::kMap)->points.size(), 12u);
    EXPECT_EQ(watched.data().layers.size(), 63u);
    EXPECT_DOUBLE_EQ(*watched.data().summary.final, 0.3791);
}

TEST(RunFeed, DamagedSideFilesAreNotFatal) {
    Watched watched;
    EventFile(watched.scratch.path()).add(runLine());
    std::ofstream(watched.scratch.path() / "run_summary.json") << "{\"run_id\": ";
    std::ofstream(watched.scratch.path() / "layers.json") << "[3, {\"name\": 4}, {\"name\":\"a\"}]";
    watched.open();
    EXPECT_FALSE(watched.data().summary.present);
    ASSERT_EQ(watched.data().layers.size(), 1u);
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
        EventFile events(watched.scratch.path());
        events.add(runLine());
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
