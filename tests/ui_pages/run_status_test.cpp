// How a run is judged: by its end, its lock and its summary; and what is said of folders that are damaged or newer.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QFile>
#include <QThread>
#include <fstream>

#include "feed/event_line.h"
#include "feed/run_feed.h"
#include "feed/run_folder.h"
#include "feed/run_status.h"
#include "session/run_lock.h"
#include "support/assets.h"
#include "support/event_file.h"
#include "ui_pages/event_loop.h"

namespace qat::ui {
namespace {

namespace fs = std::filesystem;
using test::EventFile;
using test::ScratchFolder;
using test::waitUntil;

RunHeader sittingLine(const char* id = "r1") {
    RunHeader header;
    header.runId = id;
    header.time = "2026-01-02T03:04:05";
    header.stages = {"load", "calibrate", "analyze", "train"};
    return header;
}

struct Folder {
    ScratchFolder scratch;
    const fs::path& path() const { return scratch.path(); }
    void write(const char* name, const std::string& text) { std::ofstream(path() / name) << text; }
    RunData read() const {
        EventTail tail;
        return readRunFolder(QString::fromStdString(path().string()), tail);
    }
    // As a list of runs has it, without the events.
    RunData listed() const {
        RunData data;
        data.folder = QString::fromStdString(path().string());
        settleWithoutEvents(data);
        return data;
    }
    QString damage(const RunData& data) const {
        QStringList all;
        for (const auto& [file, sentence] : data.damage) all << sentence;
        return all.join(QLatin1Char(' '));
    }
};

// Another process that works in the folder until it is killed.
class Worker {
public:
    explicit Worker(const fs::path& folder) {
        int ready[2];
        if (::pipe(ready) != 0) std::abort();
        m_pid = ::fork();
        if (m_pid == 0) {
            CancelToken cancel;
            const RunLock lock(folder, cancel);
            if (::write(ready[1], "!", 1) != 1) ::_exit(1);
            while (!cancel.requested()) ::usleep(10000);
            ::_exit(42);  // as if it had been killed after its checkpoint: the lock file stays
        }
        char mark = 0;
        if (::read(ready[0], &mark, 1) != 1) std::abort();
        ::close(ready[0]);
        ::close(ready[1]);
    }
    ~Worker() { kill(); }
    void kill() {
        if (m_pid <= 0) return;
        ::kill(m_pid, SIGKILL);
        wait();
    }
    int wait() {
        int status = 0;
        ::waitpid(m_pid, &status, 0);
        m_pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    pid_t pid() const { return m_pid; }

private:
    pid_t m_pid = 0;
};

TEST(RunStatus, TheLockDecidesAtOnceWhetherARunIsKilled) {
    Folder folder;
    EventFile(folder.path()).add(sittingLine());
    folder.write("config.yaml", "model: {}\n");
    Worker worker(folder.path());
    const timespec old[2] = {{1600000000, 0}, {1600000000, 0}};  // a batch of hours is no death
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder.path() / "events.jsonl").c_str(), old, 0), 0);
    RunData data = folder.read();
    EXPECT_EQ(data.status, RunStatus::Running);
    EXPECT_TRUE(canBeStopped(data));
    EXPECT_FALSE(whyNotResumed(data).isEmpty());
    EXPECT_EQ(folder.listed().status, RunStatus::Running);

    RunStore store;
    RunFeed feed(&store);
    feed.open(data.folder);
    ASSERT_TRUE(waitUntil([&] { return store.data().status == RunStatus::Running; }));
    const pid_t pid = worker.pid();
    worker.kill();
    QElapsedTimer clock;
    clock.start();
    ASSERT_TRUE(waitUntil([&] { return store.data().status == RunStatus::Killed; }, 5000));
    EXPECT_LT(clock.elapsed(), 3000) << "not after minutes";
    EXPECT_EQ(store.data().holder.pid, pid);
    EXPECT_TRUE(whyNotResumed(store.data()).isEmpty());
    EXPECT_EQ(folder.listed().status, RunStatus::Killed);
}

TEST(RunStatus, AJobIsStoppedThroughItsFolder) {
    Folder folder;
    EventFile(folder.path()).add(sittingLine());
    Worker worker(folder.path());
    requestStop(folder.path());
    EXPECT_EQ(worker.wait(), 42);
    EXPECT_EQ(folder.read().status, RunStatus::Killed) << "it left its lock behind";
    fs::remove(folder.path() / "run.lock");  // a run of an earlier version: nobody can be asked
    const RunData data = folder.read();
    EXPECT_EQ(data.status, RunStatus::Running) << "written a moment ago";
    EXPECT_FALSE(canBeStopped(data));
}

TEST(RunStatus, TheSummaryOfTheSameSittingTellsAnEndThatTheEventsLack) {
    Folder folder;
    EventFile(folder.path()).add(sittingLine("r2"));
    folder.write("run_summary.json", R"({"run_id": "r2", "status": "completed-failed", "error": "the disk is full"})");
    EXPECT_EQ(folder.read().status, RunStatus::Failed);
    EXPECT_EQ(folder.read().trouble, "the disk is full");
    folder.write("run_summary.json", R"({"run_id": "r1", "status": "completed-failed", "error": "the disk is full"})");
    EXPECT_EQ(folder.read().status, RunStatus::Running) << "that was the sitting before";
    EXPECT_EQ(folder.read().trouble, "");
}

TEST(RunStatus, SaysWhereAResumedRunGoesOn) {
    Folder folder;
    EventFile(folder.path()).add(sittingLine());
    EXPECT_TRUE(resumeSentence(folder.read()).contains("starts again from Load"));
    fs::create_directories(folder.path() / "checkpoint");
    folder.write("checkpoint/stages.json", R"({"fp32": null, "ptq": null})");
    EXPECT_TRUE(resumeSentence(folder.read()).contains("starts again from Load")) << "nothing is told as finished";
    folder.write("checkpoint/stages.json", R"({"done": ["calibrate", "layer_error"]})");
    EXPECT_TRUE(resumeSentence(folder.read()).contains("goes on with the stage Analyze."));
    folder.write("checkpoint/sensitivity.json", "{}");
    EXPECT_TRUE(resumeSentence(folder.read()).contains("in the stage Analyze, after what is done of it"));
    folder.write("checkpoint/train_state.safetensors", "");
    EXPECT_TRUE(resumeSentence(folder.read()).contains("goes on in its training"));
    folder.write("checkpoint/correction_state.safetensors", "");
    EXPECT_TRUE(resumeSentence(folder.read()).contains("goes on in the correction"));
}

TEST(Damage, IsOneSentenceThatNamesTheFile) {
    Folder folder;
    folder.write("events.jsonl",
                 "{\"t\":0,\"type\":\"run\",\"run_id\":\"a\"}\n{\"t\":1,\n[]\n"
                 "{\"t\":9,\"type\":\"end\",\"status\":\"completed-success\"}\n");
    const std::pair<const char*, const char*> cases[] = {
        {"{\"run_id\": ", "run_summary.json cannot be read: it is not JSON from byte"},
        {"[1, 2]", "run_summary.json cannot be read: it is no JSON object"},
        {R"({"schema_version": "9.0", "run_id": "a"})", "written by a newer version of the program"},
        {R"({"schema_version": "1.9", "run_id": "a"})", ""}};
    for (const auto& [summary, expected] : cases) {
        folder.write("run_summary.json", summary);
        const RunData data = folder.read();
        EXPECT_EQ(data.damage.size(), *expected ? 2 : 1) << summary;
        EXPECT_TRUE(folder.damage(data).contains(expected)) << summary;
        EXPECT_EQ(data.status, RunStatus::Completed) << "the events told the end";
        EXPECT_TRUE(
            data.damage.at("events.jsonl").contains("2 lines of events.jsonl are no JSON, the first is line 2"));
    }
    folder.write("layers.json", "[3, {\"name\": \"a\"}]");
    EXPECT_TRUE(folder.damage(folder.read()).contains("layers.json cannot be read: 1 of its 2 entries are no layers"));
    EXPECT_EQ(folder.read().layers.size(), 1u);
    folder.write("layers.json", "{}");
    EXPECT_TRUE(folder.damage(folder.read()).contains("it is no list of layers"));
}

TEST(Damage, ASummaryThatIsMendedWhileOneLooksIsReadAgain) {
    Folder folder;
    EventFile(folder.path()).add(sittingLine());
    folder.write("run_summary.json", "{");
    RunStore store;
    RunFeed feed(&store);
    feed.open(QString::fromStdString(folder.path().string()));
    ASSERT_TRUE(waitUntil([&] { return !store.data().damage.empty(); }));
    QThread::msleep(20);
    folder.write("run_summary.json", R"({"run_id": "r1", "status": "incomplete"})");
    EXPECT_TRUE(waitUntil([&] { return store.data().damage.empty() && store.data().summary.present; }));
}

TEST(Damage, PipesAndDevicesInTheFolderStopNobody) {
    for (const char* name : {"events.jsonl", "run_summary.json", "layers.json", "results.csv"}) {
        Folder folder;
        EventFile(folder.path()).add(sittingLine());
        fs::remove(folder.path() / name);
        ASSERT_EQ(::mkfifo((folder.path() / name).c_str(), 0600), 0);
        const RunData data = folder.read();
        if (std::string(name) != "results.csv") {  // not looked at while there are events
            EXPECT_TRUE(folder.damage(data).contains(name)) << name;
        }
    }
    Folder folder;
    fs::create_symlink("/dev/zero", folder.path() / "events.jsonl");
    EXPECT_TRUE(folder.damage(folder.read()).contains("events.jsonl cannot be read: it is not a regular file"));
}

TEST(EventTail, BytesBoundARead) {
    Folder folder;
    const std::string row(100000, 'x');
    for (int i = 0; i < 40; ++i) std::ofstream(folder.path() / "events.jsonl", std::ios::app) << row << "\n";
    EventTail tail(QString::fromStdString((folder.path() / "events.jsonl").string()));
    int lines = 0, reads = 0;
    do {
        const int before = lines;
        tail.read({500, 512 * 1024}, [&](const QByteArray&) { ++lines; });
        EXPECT_LE(lines - before, 6);
        ++reads;
    } while (tail.hasMore() && reads < 100);
    EXPECT_EQ(lines, 40);
    fs::resize_file(folder.path() / "events.jsonl", 64 << 20);  // a hole is one endless line
    tail.read({500, 512 * 1024}, [](const QByteArray&) {});
    EXPECT_LT(tail.offset(), 16 << 20) << "nor is it skipped in one go";
}

}  // namespace
}  // namespace qat::ui
