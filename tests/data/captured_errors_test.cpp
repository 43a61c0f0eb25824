// Catching what libraries print: a thread's own, through both streams, and nothing of others.
#include "data/captured_errors.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <iostream>
#include <thread>
#include <vector>

namespace qat {
namespace {

TEST(CapturedErrors, KeepsWhatThisThreadPrintsAndNothingElse) {
    testing::internal::CaptureStderr();
    {
        const CapturedErrors outer;
        std::fprintf(stderr, "one %d\n", 1);
        std::cerr << "two " << 2 << '\n';
        {
            const CapturedErrors inner;
            std::cerr << "inner";
            EXPECT_EQ(inner.text(), "inner");
        }
        std::thread([] { std::fprintf(stderr, "other thread\n"), std::cerr << "and its stream" << std::endl; }).join();
        std::fprintf(stderr, "three\n");
        EXPECT_EQ(outer.text(), "one 1\ntwo 2\nthree\n");
        std::fprintf(stderr, "%s", std::string(100'000, 'x').c_str());
        EXPECT_EQ(outer.text().size(), 4096u);
    }
    std::fprintf(stderr, "after\n");
    std::cerr << "and after" << std::endl;
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "other thread\nand its stream\nafter\nand after\n");
}

TEST(CapturedErrors, ManyThreadsAtOnce) {
    testing::internal::CaptureStderr();
    std::vector<std::thread> threads;
    std::vector<std::string> texts(8);
    for (size_t i = 0; i < texts.size(); ++i)
        threads.emplace_back([&, i] {
            for (int round = 0; round < 200; ++round) {
                const CapturedErrors caught;
                std::fprintf(stderr, "%zu", i);
                std::cerr << i;
                texts[i] = caught.text();
            }
        });
    for (auto& thread : threads) thread.join();
    for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], std::to_string(i) + std::to_string(i));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace qat
