// One job a folder: who holds it, who is refused, who takes over, and how it is stopped from outside.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "session/run_lock.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using State = RunHolder::State;

class Lock : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::filesystem::path run = scratch.path();
    CancelToken cancel;

    // The sentence with which a lock is refused; "" if it is not.
    std::string refusal(ErrorKind expected = ErrorKind::BadInput) {
        try {
            const RunLock lock(run, cancel);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), expected);
            return error.what();
        }
        return "";
    }
    void leaveMark(const std::string& host, const std::string& boot, int secondsAgo) const {
        writeFileAtomic(run / "run.lock", R"({"pid":77,"host":")" + host + R"(","boot":")" + boot + "\"}\n");
        std::filesystem::last_write_time(
            run / "run.lock", std::filesystem::file_time_type::clock::now() - std::chrono::seconds(secondsAgo));
    }
    bool stopsWithin(double seconds) const {
        for (int i = 0; i < seconds * 100 && !cancel.requested(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return cancel.level() == StopLevel::FinishBatch;
    }
};

TEST_F(Lock, IsHeldByOneAndGoneWithItsHolder) {
    EXPECT_EQ(runHolder(run).state, State::Nobody);
    EXPECT_EQ(runHolder(run / "missing").state, State::Nobody);
    std::string mark;
    {
        const RunLock lock(run, cancel);
        const RunHolder holder = runHolder(run);
        EXPECT_EQ(holder.state, State::Here);
        EXPECT_EQ(holder.pid, ::getpid());
        EXPECT_FALSE(holder.host.empty());
        EXPECT_LT(holder.secondsSinceSign, 5);
        mark = readFile(run / "run.lock");
        EXPECT_EQ(refusal(),
                  str(run.string(), " is in use: process ", ::getpid(), " works in it; wait for its end, or stop it"));
        EXPECT_THROW(requireNobodyIn(run / "exports"), Error);
    }
    EXPECT_TRUE(std::filesystem::is_empty(run)) << "an ended job leaves no lock";
    writeFileAtomic(run / "run.lock", mark);  // as a killed process leaves it
    EXPECT_EQ(runHolder(run).state, State::Gone);
    EXPECT_EQ(runHolder(run).pid, ::getpid());
    EXPECT_NO_THROW(requireNobodyIn(run));
    EXPECT_EQ(refusal(), "") << "a killed job's lock is taken over";
}

TEST_F(Lock, OtherMachinesAreJudgedByTheirSignOfLife) {
    leaveMark("elsewhere", "other", 4);
    EXPECT_EQ(runHolder(run).state, State::Elsewhere);
    EXPECT_EQ(runHolder(run).host, "elsewhere");
    EXPECT_NEAR(runHolder(run).secondsSinceSign, 4, 2);
    const std::string sentence = refusal();
    EXPECT_NE(sentence.find("process 77 on elsewhere works in it, last seen"), std::string::npos) << sentence;
    leaveMark("elsewhere", "other", 3600);
    EXPECT_EQ(runHolder(run).state, State::Gone);
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(runHolder(run).state, State::Nobody);
}

TEST_F(Lock, WhatIsNoLockDoesNotHang) {
    for (const std::string& text :
         {std::string(), std::string("x"), std::string("{\"pid\":\"a\",\"host\":5}"), std::string(5000, '[')}) {
        writeFileAtomic(run / "run.lock", text);
        EXPECT_TRUE(runHolder(run).state == State::Nobody || runHolder(run).state == State::Gone) << text.substr(0, 20);
        EXPECT_EQ(refusal(), "") << text.substr(0, 20);
    }
    std::filesystem::remove(run / "run.lock");
    ASSERT_EQ(::mkfifo((run / "run.lock").c_str(), 0600), 0);
    EXPECT_EQ(runHolder(run).state, State::Nobody);
    EXPECT_NE(refusal().find("is not a regular file"), std::string::npos);
    std::filesystem::remove(run / "run.lock");
    writeFileAtomic(run / "victim", "precious");
    std::filesystem::create_symlink("victim", run / "run.lock");
    EXPECT_NE(refusal(ErrorKind::Io).find("cannot lock"), std::string::npos);
    EXPECT_EQ(readFile(run / "victim"), "precious");
}

TEST_F(Lock, ARequestFromOutsideReachesTheTokenOnce) {
    requestStop(run);  // from before the job: not meant for it
    {
        const RunLock lock(run, cancel);
        EXPECT_FALSE(cancel.requested());
        requestStop(run);
        EXPECT_TRUE(stopsWithin(5));
        requestStop(run);
    }
    EXPECT_EQ(cancel.level(), StopLevel::FinishBatch);
    EXPECT_TRUE(std::filesystem::is_empty(run));
}

}  // namespace
}  // namespace qat::test
