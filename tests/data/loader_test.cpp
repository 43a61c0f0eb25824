// The loader: contents, order, repeatability whatever the number of workers, and how it ends and fails.
#include "data/loader.h"

#include <ATen/ATen.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <set>
#include <thread>

#include "data/batch_plan.h"
#include "fixtures.h"

namespace qat {
namespace {

// Pictures of different shapes; the mark's red value tells them apart.
std::shared_ptr<const Dataset> pictures(int count) {
    std::vector<Sample> samples;
    for (int i = 0; i < count; ++i)
        samples.push_back(test::markedSample(str("p", i), {40 + i % 5 * 8, 64 - i % 3 * 8}, {4, 4, 20, 24},
                                             cv::Vec3b(0, 0, static_cast<uint8_t>(i + 1)), i % 3));
    return std::make_shared<test::MemoryDataset>(std::move(samples));
}

LoaderOptions options(int batch, int workers) {
    LoaderOptions result;
    result.imgsz = 64;
    result.batch = batch;
    result.workers = workers;
    return result;
}

LoaderOptions training(int workers) {
    LoaderOptions result = options(4, workers);
    result.shuffle = true;
    result.augment = AugmentConfig{};
    result.seed = 11;
    return result;
}

std::vector<Batch> wholeEpoch(Loader& loader, int64_t epoch, int64_t firstBatch = 0, bool mosaic = true) {
    std::vector<Batch> batches;
    loader.startEpoch(epoch, firstBatch, mosaic);
    while (auto batch = loader.next()) batches.push_back(std::move(*batch));
    EXPECT_FALSE(loader.next().has_value());
    return batches;
}

bool same(const Batch& a, const Batch& b) {
    if (!at::equal(a.images, b.images) || !at::equal(a.targets, b.targets) || a.info.size() != b.info.size())
        return false;
    for (size_t i = 0; i < a.info.size(); ++i)
        if (a.info[i].index != b.info[i].index || a.info[i].labels != b.info[i].labels) return false;
    return true;
}

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Batch& x, const Batch& y) { return same(x, y); });
}

std::vector<int64_t> indices(const std::vector<Batch>& batches) {
    std::vector<int64_t> result;
    for (const Batch& batch : batches)
        for (const ImageInfo& info : batch.info) result.push_back(info.index);
    return result;
}

TEST(Loader, PixelsBecomeRgbSharesInChannelsLastMemory) {
    cv::Mat3b image(64, 64);
    for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 64; ++x) image(y, x) = cv::Vec3b(uint8_t(x * 4), uint8_t(y * 4), uint8_t(x + y));
    Loader loader(std::make_shared<test::MemoryDataset>(std::vector<Sample>{{"a", image, {}}}), options(1, 0));
    loader.startEpoch(0);
    const Batch batch = loader.next().value();
    ASSERT_EQ(batch.images.sizes(), (std::vector<int64_t>{1, 3, 64, 64}));
    EXPECT_TRUE(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_EQ(batch.images.scalar_type(), at::kFloat);
    const auto values = batch.images.accessor<float, 4>();
    for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 64; ++x)
            for (int c = 0; c < 3; ++c) ASSERT_EQ(values[0][c][y][x], static_cast<float>(image(y, x)[2 - c]) / 255.0f);
    EXPECT_EQ(batch.targets.sizes(), (std::vector<int64_t>{0, 6}));
}

TEST(Loader, TargetsAndInfoDescribeTheBatch) {
    Loader loader(pictures(5), options(2, 1));
    EXPECT_EQ(loader.batchesPerEpoch(), 3);
    const auto batches = wholeEpoch(loader, 0);
    ASSERT_EQ(batches.size(), 3u);
    EXPECT_EQ(batches[2].info.size(), 1u);
    EXPECT_EQ(indices(batches), (std::vector<int64_t>{0, 1, 2, 3, 4}));
    const Batch& batch = batches[1];
    EXPECT_EQ(batch.info[1].path, "p3");
    EXPECT_EQ(batch.info[1].width, 64);
    EXPECT_EQ(batch.info[1].height, 64);
    ASSERT_EQ(batch.targets.size(0), 2);
    const auto rows = batch.targets.accessor<float, 2>();
    EXPECT_EQ(rows[0][0], 0);
    EXPECT_EQ(rows[1][0], 1);
    EXPECT_EQ(rows[0][1], 2);
    EXPECT_EQ(rows[1][1], 0);
    // The label of a target's picture covers its mark: middle of the box is marked, the corner of the input is not.
    for (int i = 0; i < 2; ++i) {
        const auto x = static_cast<int64_t>(rows[i][2] * 64), y = static_cast<int64_t>(rows[i][3] * 64);
        EXPECT_FLOAT_EQ(batch.images[i][0][y][x].item<float>(), static_cast<float>(3 + i) / 255.0f);
        EXPECT_EQ(batch.images[i][1][y][x].item<float>(), 0);
    }
}

TEST(Loader, NumberOfWorkersDoesNotMatter) {
    Loader alone(pictures(18), training(0));
    const auto expected = wholeEpoch(alone, 3);
    ASSERT_EQ(expected.size(), 5u);
    for (const int workers : {1, 2, 5}) {
        Loader loader(pictures(18), training(workers));
        wholeEpoch(loader, 2);  // what came before must not matter either
        EXPECT_TRUE(same(wholeEpoch(loader, 3), expected)) << workers;
    }
}

TEST(Loader, EpochsShuffleDifferentlyAndCompletely) {
    Loader loader(pictures(18), training(2));
    const auto first = indices(wholeEpoch(loader, 0)), second = indices(wholeEpoch(loader, 1));
    EXPECT_NE(first, second);
    EXPECT_EQ(std::set<int64_t>(first.begin(), first.end()).size(), 18u);
    EXPECT_EQ(std::set<int64_t>(second.begin(), second.end()).size(), 18u);
}

TEST(Loader, StartsInTheMiddleAsIfTheRestHadBeenSkipped) {
    Loader loader(pictures(18), training(2));
    const auto whole = wholeEpoch(loader, 4);
    const auto rest = wholeEpoch(loader, 4, 3);
    ASSERT_EQ(rest.size(), 2u);
    EXPECT_TRUE(same(rest[0], whole[3]));
    EXPECT_TRUE(same(rest[1], whole[4]));
    EXPECT_TRUE(wholeEpoch(loader, 4, 99).empty());
}

TEST(Loader, RestartAbandonsTheEpoch) {
    Loader loader(pictures(18), training(3));
    const auto expected = wholeEpoch(loader, 1);
    for (int i = 0; i < 10; ++i) {
        loader.startEpoch(0);
        for (int taken = 0; taken < i % 4; ++taken) ASSERT_TRUE(loader.next().has_value());
    }
    EXPECT_TRUE(same(wholeEpoch(loader, 1), expected));
}

TEST(Loader, MosaicSwitchesOffPerEpoch) {
    Loader loader(pictures(8), training(1));
    int64_t with = 0, without = 0;
    for (const Batch& batch : wholeEpoch(loader, 0)) with += batch.targets.size(0);
    for (const Batch& batch : wholeEpoch(loader, 0, 0, false)) without += batch.targets.size(0);
    EXPECT_LE(without, 8);
    EXPECT_GT(with, without);
}

TEST(Loader, LimitAndDropLast) {
    LoaderOptions limited = options(4, 1);
    limited.limit = 7;
    Loader loader(pictures(18), limited);
    EXPECT_EQ(loader.batchesPerEpoch(), 2);
    EXPECT_EQ(indices(wholeEpoch(loader, 0)), (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6}));
    limited.dropLast = true;
    Loader whole(pictures(18), limited);
    EXPECT_EQ(whole.batchesPerEpoch(), 1);
    EXPECT_EQ(indices(wholeEpoch(whole, 0)), (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST(Loader, RectSharesAShapePerBatch) {
    LoaderOptions rect = options(3, 2);
    rect.rect = true;
    Loader loader(pictures(9), rect);
    double last = 0;
    for (const Batch& batch : wholeEpoch(loader, 0)) {
        EXPECT_EQ(batch.images.size(2) % 32, 0);
        EXPECT_GE(batch.images.size(2), 64);
        for (const ImageInfo& info : batch.info) {
            const double ratio = info.height / static_cast<double>(info.width);
            EXPECT_GE(ratio, last);
            last = ratio;
        }
    }
}

std::shared_ptr<const Dataset> withBrokenPicture(int count, int broken) {
    std::vector<Sample> samples;
    for (int i = 0; i < count; ++i)
        samples.push_back({str("p", i), i == broken ? cv::Mat() : cv::Mat(32, 32, CV_8UC3, cv::Scalar::all(9)), {}});
    return std::make_shared<test::MemoryDataset>(std::move(samples));
}

TEST(Loader, ErrorsAppearAtTheirBatch) {
    for (const int workers : {0, 2}) {
        Loader loader(withBrokenPicture(10, 5), options(2, workers));
        loader.startEpoch(0);
        EXPECT_TRUE(loader.next().has_value());
        EXPECT_TRUE(loader.next().has_value());
        test::expectError(ErrorKind::BadInput, {"p5"}, [&] { loader.next(); });
        EXPECT_FALSE(loader.next().has_value());
        loader.startEpoch(0, 3);
        EXPECT_TRUE(loader.next().has_value());
    }
    LoaderOptions rect = options(2, 1);
    rect.rect = true;
    test::expectError(ErrorKind::BadInput, {"p5"}, [&] { Loader(withBrokenPicture(10, 5), rect); });
}

TEST(Loader, ImpossibleOptionsAreRefused) {
    test::expectError(ErrorKind::BadInput, {"no pictures"}, [&] { Loader(pictures(0), options(1, 1)); });
    LoaderOptions bad = options(0, 1);
    test::expectError(ErrorKind::BadInput, {"batch"}, [&] { Loader(pictures(2), bad); });
    bad = options(2, -1);
    test::expectError(ErrorKind::BadInput, {"workers"}, [&] { Loader(pictures(2), bad); });
    bad = options(2, 1);
    bad.imgsz = 0;
    test::expectError(ErrorKind::BadInput, {"imgsz"}, [&] { Loader(pictures(2), bad); });
    bad = training(1);
    bad.rect = true;
    test::expectError(ErrorKind::BadInput, {"rect"}, [&] { Loader(pictures(2), bad); });
}

// Pictures that take a while: ending early must not wait for the queue.
class SlowDataset final : public Dataset {
public:
    int64_t size() const override { return 1000; }
    Sample read(int64_t) const override {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return {"slow", cv::Mat(32, 32, CV_8UC3, cv::Scalar::all(0)), {}};
    }
    std::string path(int64_t) const override { return "slow"; }
    cv::Size imageSize(int64_t) const override { return {32, 32}; }
};

TEST(Loader, EndsPromptlyInTheMiddleOfAnEpoch) {
    const auto begin = std::chrono::steady_clock::now();
    {
        Loader loader(std::make_shared<SlowDataset>(), options(64, 2));
        loader.startEpoch(0);
        loader.startEpoch(1);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
}

// Long runs of equal proportions, sorted and unsorted input: always a complete, ascending order.
TEST(BatchPlan, SortsAnyMixtureOfShapes) {
    for (const int count : {1, 2, 16, 17, 18, 100, 1000})
        for (const int kinds : {1, 2, 7, 1000}) {
            std::vector<Sample> samples;
            for (int i = 0; i < count; ++i)
                samples.push_back({"", cv::Mat(1 + i * 7919 % count % kinds, 1000, CV_8UC1), {}});
            LoaderOptions rect = options(4, 0);
            rect.rect = true;
            const test::MemoryDataset dataset(std::move(samples));
            const auto order = BatchPlan(dataset, rect).order(0);
            EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), static_cast<size_t>(count));
            const auto lower = [&](int64_t a, int64_t b) {
                return dataset.imageSize(a).height < dataset.imageSize(b).height;
            };
            EXPECT_TRUE(std::is_sorted(order.begin(), order.end(), lower)) << count << " " << kinds;
        }
}

TEST(BatchPlan, RectangularShapesFollowTheValidator) {
    std::vector<Sample> samples;
    for (const cv::Size size : {cv::Size(640, 480), cv::Size(640, 360), cv::Size(480, 640), cv::Size(640, 640)})
        samples.push_back({"", cv::Mat(size, CV_8UC3), {}});
    LoaderOptions rect = options(2, 0);
    rect.imgsz = 640;
    rect.rect = true;
    const test::MemoryDataset data(std::move(samples));
    const BatchPlan plan(data, rect);
    EXPECT_EQ(plan.order(0), (std::vector<int64_t>{1, 0, 3, 2}));
    EXPECT_EQ(plan.inputSize(0), cv::Size(672, 512));  // 0.75 and 1
    EXPECT_EQ(plan.inputSize(1), cv::Size(672, 672));
    rect.rectStep = 64;
    const BatchPlan coarse(data, rect);
    EXPECT_EQ(coarse.inputSize(0), cv::Size(704, 512)) << "for networks whose coarsest map has stride 64";
    EXPECT_EQ(coarse.inputSize(1), cv::Size(704, 704));
}

// A limit on address space refuses threads as a limit on their number does, and holds for every user.
TEST(Loader, ThreadsThatCannotBeStartedAreAnErrorAndTheOthersEnd) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "left out: sanitizers need address space of their own";
#endif
    rlimit before{};
    getrlimit(RLIMIT_AS, &before);
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    const rlimit tight{pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (rlim_t{64} << 20), before.rlim_max};
    const auto data = pictures(3);
    std::string message;
    setrlimit(RLIMIT_AS, &tight);
    try {
        Loader loader(data, options(1, 200));
    } catch (const Error& error) {
        message = error.what();
    }
    setrlimit(RLIMIT_AS, &before);
    EXPECT_NE(message.find("cannot start 200 loader threads"), std::string::npos) << message;
    Loader fine(data, options(1, 2));
    EXPECT_EQ(wholeEpoch(fine, 0).size(), 3u);
}

}  // namespace
}  // namespace qat
