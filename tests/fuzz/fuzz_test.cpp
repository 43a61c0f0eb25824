// The fuzzer's seeds as they are, cut short and damaged: every reader ends with a sound value or one clean refusal.
#include <gtest/gtest.h>

#include "base/random.h"
#include "fuzz/target.h"

namespace qat::test {
namespace {

class Fuzz : public testing::TestWithParam<FuzzTarget> {
protected:
    const FuzzTarget& target = GetParam();
    const std::vector<std::string> seeds = target.seeds();

    bool reads(const std::string& bytes) {
        const FuzzVerdict verdict = target.judge(bytes);
        EXPECT_EQ(verdict.problem, "") << target.name << " of " << testing::PrintToString(bytes);
        return verdict.read;
    }
};

std::string damaged(std::string bytes, const std::string& other, Random& random) {
    const auto below = [&](size_t bound) { return static_cast<size_t>(random.below(static_cast<int64_t>(bound))); };
    for (size_t changes = below(3) + 1; changes > 0; --changes) {
        const size_t at = below(bytes.size() + 1);
        switch (below(4)) {
            case 0:
                bytes.insert(at, other.substr(below(other.size() + 1), below(30)));
                break;
            case 1:
                bytes.erase(at, below(8));
                break;
            default:
                if (at < bytes.size()) bytes[at] = static_cast<char>(random.below(256));
        }
    }
    return bytes;
}

TEST_P(Fuzz, MostSeedsAreRead) {
    size_t read = 0;
    for (const std::string& seed : seeds) read += reads(seed);
    EXPECT_GT(seeds.size(), 2u);
    EXPECT_GT(2 * read, seeds.size()) << "seeds that are refused lead no fuzzer into the reader";
}

TEST_P(Fuzz, SeedsCutShortEndCleanly) {
    for (const std::string& seed : seeds) {
        const size_t step = 1 + seed.size() * seeds.size() / 1000;
        for (size_t length = 0; length < seed.size(); length += step) reads(seed.substr(0, length));
    }
}

TEST_P(Fuzz, DamagedSeedsEndCleanly) {
    Random random(20261130);
    const auto any = [&] { return seeds[static_cast<size_t>(random.below(static_cast<int64_t>(seeds.size())))]; };
    int read = 0;
    for (int round = 0; round < 1000; ++round) read += reads(damaged(any(), any(), random));
    EXPECT_GT(read, 0) << "damage that is always noticed at once tries nothing";
}

INSTANTIATE_TEST_SUITE_P(Readers, Fuzz, testing::ValuesIn(fuzzTargets()),
                         [](const auto& info) { return std::string(info.param.name); });

// A verdict that nothing fails would make all of the above empty.
TEST(FuzzVerdict, OtherErrorsAndWrongResultsAreProblems) {
    EXPECT_EQ(verdictOn([]() -> std::string { throw Error(ErrorKind::BadInput, "line 3"); }).problem, "");
    EXPECT_NE(verdictOn([]() -> std::string { throw Error(ErrorKind::BadInput, ""); }).problem, "");
    EXPECT_NE(verdictOn([]() -> std::string { throw Error(ErrorKind::Internal, "oh"); }).problem, "");
    EXPECT_NE(verdictOn([]() -> std::string { throw std::bad_alloc(); }).problem, "");
    EXPECT_EQ(verdictOn([] { return std::string("the size is negative"); }).problem, "the size is negative");
}

}  // namespace
}  // namespace qat::test
