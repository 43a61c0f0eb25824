// A stop request only ever grows, and polling turns it into the Cancelled error; errors carry kind and sentence.
#include "base/cancel.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>
#include <vector>

namespace qat {
namespace {

ErrorKind pollError(const CancelToken& token) {
    try {
        token.poll();
    } catch (const Error& error) {
        return error.kind();
    }
    return ErrorKind::Internal;
}

TEST(CancelToken, RunsUntilAsked) {
    CancelToken token;
    EXPECT_FALSE(token.requested());
    EXPECT_NO_THROW(token.poll());
    token.request(StopLevel::Run);
    EXPECT_FALSE(token.requested());
    token.request(StopLevel::FinishBatch);
    EXPECT_TRUE(token.requested());
    EXPECT_EQ(pollError(token), ErrorKind::Cancelled);
}

TEST(CancelToken, NeverFallsBack) {
    CancelToken token;
    token.request(StopLevel::Abandon);
    token.request(StopLevel::FinishBatch);
    token.request(StopLevel::Run);
    EXPECT_EQ(token.level(), StopLevel::Abandon);
}

TEST(CancelToken, HighestOfManyThreadsWins) {
    CancelToken token;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] { token.request(i == 3 ? StopLevel::Abandon : StopLevel::FinishBatch); });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(token.level(), StopLevel::Abandon);
}

CancelToken signalled;

TEST(CancelToken, MayBeSetInASignalHandler) {
    const auto before = std::signal(SIGUSR1, [](int) { signalled.request(StopLevel::FinishBatch); });
    std::raise(SIGUSR1);
    std::signal(SIGUSR1, before);
    EXPECT_EQ(signalled.level(), StopLevel::FinishBatch);
}

TEST(Error, CarriesKindAndJoinedSentence) {
    try {
        require(false, ErrorKind::BadInput, "line ", 3, ": width ", 0.5);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_STREQ(error.what(), "line 3: width 0.5");
    }
    EXPECT_NO_THROW(require(true, ErrorKind::BadInput, "unused"));
}

TEST(Error, BrokenInvariantNamesItsPlace) {
    try {
        ensure(false, "order");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Internal);
        EXPECT_NE(std::string(error.what()).find("cancel_test.cpp:"), std::string::npos);
    }
}

}  // namespace
}  // namespace qat
