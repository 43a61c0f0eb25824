// The fused loss and its analytic gradient against the slow one with autograd.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "loss/loss_scene.h"
#include "support/assets.h"

namespace qat::test {
namespace {

TEST(DetectionLoss, MatchesTheSlowLossOnRandomScenes) {
    uint64_t seed = 1;
    for (const MapShape& shape :
         {MapShape{2, 64, 64, 80, 7}, MapShape{1, 32, 32, 1, 3}, MapShape{3, 160, 96, 3, 20},
          MapShape{4, 128, 192, 80, 60}, MapShape{2, 320, 320, 20, 30}, MapShape{1, 64, 96, 17, 40}})
        for (const double spread : {0.3, 1.5, 4.0}) {
            SCOPED_TRACE(testing::Message() << shape.height << " x " << shape.width << ", classes " << shape.classes
                                            << ", spread " << spread << ", seed " << seed);
            expectSameAsReference(randomScene(seed++, shape, spread));
        }
}

TEST(DetectionLoss, MatchesWithOneAnchorALabelAndOtherExponents) {
    Scene scene = randomScene(31, {3, 160, 160, 5, 24});
    scene.options.topk = 1;
    expectSameAsReference(scene);
    scene.options.topk = 13;
    scene.options.alpha = 1.0;
    scene.options.beta = 2.5;
    scene.options.boxGain = 0.3;
    scene.options.clsGain = 2;
    scene.options.dflGain = 4;
    expectSameAsReference(scene);
}

TEST(DetectionLoss, MatchesWithAnotherNumberOfBinsAndLevels) {
    for (const int64_t bins : {4, 8, 17}) {
        Random random(40 + static_cast<uint64_t>(bins));
        Scene scene;
        scene.options = {.numClasses = 6, .regMax = bins, .strides = {16, 32}};
        scene.maps = {randomTensor(random, {2, 4 * bins + 6, 8, 8}, 1.0),
                      randomTensor(random, {2, 4 * bins + 6, 4, 4}, 1.0)};
        scene.targets = randomTargets(random, {2, 128, 128, 6, 9});
        expectSameAsReference(scene);
    }
}

// A head without distributions: sides as they are, some of them the wrong way round.
TEST(DetectionLoss, MatchesWithPlainSides) {
    uint64_t seed = 300;
    for (const MapShape& shape :
         {MapShape{2, 64, 64, 80, 7}, MapShape{3, 160, 96, 3, 30}, MapShape{2, 320, 192, 6, 60}})
        for (const double spread : {0.3, 1.5, 6.0}) {
            SCOPED_TRACE(testing::Message() << shape.height << " x " << shape.width << ", spread " << spread);
            Scene scene = randomScene(seed++, shape, spread, 1);
            expectSameAsReference(scene);
            for (at::Tensor& map : scene.maps) map.narrow(1, 0, 4).abs_();  // boxes that overlap
            expectSameAsReference(scene);
            scene.options.boxGain = 0.4, scene.options.dflGain = 30;
            expectSameAsReference(scene);
        }
}

// Labels of less than a cell, which have no centre of an anchor inside, claim their neighbours.
TEST(DetectionLoss, MatchesWithEnlargedSmallLabels) {
    for (const int64_t bins : {int64_t{1}, int64_t{16}}) {
        Scene scene = randomScene(320, {3, 160, 96, 3, 40}, 1.5, bins);
        scene.targets.narrow(1, 4, 1).mul_(0.1);  // all are narrow, and most are low
        scene.targets.narrow(1, 5, 1).slice(0, 0, 30).mul_(0.1);
        const DetectionLoss plain = detectionLoss(scene.maps, scene.targets, scene.options);
        scene.options.enlargesSmall = true;
        expectSameAsReference(scene);
        const DetectionLoss enlarged = detectionLoss(scene.maps, scene.targets, scene.options);
        EXPECT_NE(enlarged.box, plain.box);
    }
}

TEST(DetectionLoss, LabelsThatAreNotSmallAreNotEnlarged) {
    Scene scene = randomScene(321, {2, 160, 96, 3, 20});
    scene.targets.narrow(1, 4, 2).clamp_min_(0.12);  // 11 pixels of 96
    const auto plain = leaves(scene.maps), option = leaves(scene.maps);
    detectionLoss(plain, scene.targets, scene.options).total.backward();
    scene.options.enlargesSmall = true;
    detectionLoss(option, scene.targets, scene.options).total.backward();
    for (size_t level = 0; level < plain.size(); ++level) EXPECT_TRUE(plain[level].grad().equal(option[level].grad()));
}

TEST(DetectionLoss, MatchesWhereLabelsKeepTheirBestAnchors) {
    for (const int64_t bins : {int64_t{1}, int64_t{16}})
        for (const int kept : {1, 3}) {
            Scene scene = randomScene(330, {3, 160, 160, 4, 50}, 1.0, bins);
            scene.options.topk = 7, scene.options.topk2 = kept;
            expectSameAsReference(scene);
            scene.options.enlargesSmall = true;
            expectSameAsReference(scene);
        }
}

TEST(DetectionLoss, MatchesWithWeightsOfClasses) {
    Scene scene = randomScene(33, {3, 160, 96, 5, 24});
    scene.options.classWeights = {0.25f, 3.0f, 1.0f, 0.0f, 0.75f};
    expectSameAsReference(scene);
    Scene many = randomScene(34, {2, 64, 64, 20, 9});
    for (int c = 0; c < 20; ++c) many.options.classWeights.push_back(0.1f * static_cast<float>(c));
    expectSameAsReference(many);
}

TEST(DetectionLoss, WeightsOfOneChangeNoBit) {
    Scene scene = randomScene(35, {2, 96, 96, 7, 12});
    const auto plain = leaves(scene.maps), weighted = leaves(scene.maps);
    const DetectionLoss first = detectionLoss(plain, scene.targets, scene.options);
    scene.options.classWeights.assign(7, 1.0f);
    const DetectionLoss second = detectionLoss(weighted, scene.targets, scene.options);
    first.total.backward();
    second.total.backward();
    EXPECT_EQ(first.cls, second.cls);
    for (size_t level = 0; level < plain.size(); ++level)
        EXPECT_TRUE(plain[level].grad().equal(weighted[level].grad()));
}

// Two classes, logits 0, no labels: every class logit adds ln 2 of its weight.
TEST(DetectionLoss, WeightsOfClassesByHand) {
    DetectionLossOptions options{.numClasses = 2, .regMax = 4, .strides = {8}, .clsGain = 1};
    options.classWeights = {0.5f, 1.5f};
    const std::vector<at::Tensor> maps = leaves({at::zeros({1, 18, 2, 2})});
    const DetectionLoss loss = detectionLoss(maps, at::empty({0, 6}), options);
    EXPECT_NEAR(loss.cls, 4 * (0.5 + 1.5) * std::log(2.0), 1e-6);
    loss.total.backward();
    EXPECT_FLOAT_EQ(maps[0].grad()[0][16][1][0].item<float>(), 0.25f);
    EXPECT_FLOAT_EQ(maps[0].grad()[0][17][1][0].item<float>(), 0.75f);
}

// Equal predictions everywhere and labels on cell borders: most alignments tie exactly.
TEST(DetectionLoss, MatchesWhereEverythingTies) {
    Scene scene;
    scene.options.numClasses = 4;
    for (const int64_t stride : scene.options.strides)
        scene.maps.push_back(at::zeros({2, 68, 128 / stride, 128 / stride}));
    scene.targets = at::tensor({0.f, 1.f, 0.5f,  0.5f,  0.5f,  0.5f,  //
                                0.f, 2.f, 0.5f,  0.5f,  0.5f,  0.5f,  //
                                0.f, 1.f, 0.25f, 0.25f, 0.5f,  0.5f,  //
                                1.f, 3.f, 0.5f,  0.5f,  1.0f,  1.0f,  //
                                1.f, 0.f, 0.5f,  0.75f, 0.25f, 0.125f})
                        .view({5, 6});
    expectSameAsReference(scene);
}

// Sides at either end of the range and saturated scores: overlaps and alignments of exactly 0 inside labels.
TEST(DetectionLoss, MatchesWhereNothingAligns) {
    Scene scene = randomScene(50, {2, 96, 96, 3, 12});
    for (at::Tensor& map : scene.maps) {
        map.narrow(1, 0, 64).zero_();
        for (int64_t side = 0; side < 4; ++side) map.select(1, 16 * side).fill_(side < 2 ? 60.0f : 0.0f);
        for (int64_t side = 2; side < 4; ++side) map.select(1, 16 * side).fill_(60.0f);
    }
    expectSameAsReference(scene);
}

// Real predictions align well, which random ones do not: what the network finds is taken for the labels.
TEST(DetectionLoss, MatchesOnMapsOfATrainedNetwork) {
    QAT_REQUIRE_ASSETS(assets);
    const auto folder = assets / "goldens" / "yolov8n";
    Scene scene;
    for (int level = 0; level < 3; ++level) {
        NpyArray map = readNpy(folder / "raw" / ("000000000110_640_map" + std::to_string(level) + ".npy"));
        scene.maps.push_back(at::from_blob(map.values.data(), map.shape, at::kFloat).clone());
    }
    std::vector<float> rows;
    const nlohmann::json detections = readJson(folder / "detections.json");
    for (const auto& image : detections.at("images")) {
        if (image.at("name") != "000000000110") continue;
        for (const auto& found : image.at("detections")) {
            const std::vector<float> box = found.at("box_640");
            rows.insert(rows.end(), {0, found.at("cls"), (box[0] + box[2]) / 1280, (box[1] + box[3]) / 1280,
                                     (box[2] - box[0]) / 640, (box[3] - box[1]) / 640});
        }
    }
    ASSERT_FALSE(rows.empty());
    scene.targets = at::tensor(rows).view({-1, 6});
    const DetectionLoss loss = detectionLoss(scene.maps, scene.targets, scene.options);
    EXPECT_LT(loss.box, 0.75);  // the network agrees with itself: mean overlap above 0.9
    expectSameAsReference(scene);
}

TEST(DetectionLoss, WithoutLabelsOnlyTheClassTermIsLeft) {
    const Scene scene = randomScene(60, {2, 64, 64, 3, 0});
    for (const at::Tensor& none : {at::empty({0, 6}), at::Tensor()}) {
        const auto maps = leaves(scene.maps);
        const DetectionLoss loss = detectionLoss(maps, none, scene.options);
        double expected = 0;
        for (const at::Tensor& map : scene.maps) expected += at::softplus(map.narrow(1, 64, 3)).sum().item<double>();
        EXPECT_EQ(loss.box, 0);
        EXPECT_EQ(loss.dfl, 0);
        EXPECT_NEAR(loss.cls, 0.5 * expected, 1e-5 * expected);
        loss.total.backward();
        EXPECT_EQ(maps[0].grad().narrow(1, 0, 64).abs().sum().item<float>(), 0);
        EXPECT_GT(maps[0].grad().narrow(1, 64, 3).min().item<float>(), 0);
    }
}

TEST(DetectionLoss, DoesNotDependOnMemoryLayoutOrThreads) {
    const Scene scene = randomScene(70, {5, 160, 160, 80, 40});
    const int threads = at::get_num_threads();
    std::vector<std::vector<at::Tensor>> runs;
    std::vector<double> totals;
    for (const int count : {1, 2, 3}) {
        at::set_num_threads(count);
        runs.push_back(leaves(scene.maps));
        if (count == 2)
            for (at::Tensor& map : runs.back())
                map = map.detach().contiguous(at::MemoryFormat::Contiguous).requires_grad_();
        const DetectionLoss loss = detectionLoss(runs.back(), scene.targets, scene.options);
        loss.total.backward();
        totals.push_back(loss.box + loss.cls + loss.dfl);
    }
    at::set_num_threads(threads);
    for (size_t run = 1; run < runs.size(); ++run) {
        EXPECT_EQ(totals[run], totals[0]);
        for (size_t level = 0; level < 3; ++level) EXPECT_TRUE(runs[run][level].grad().equal(runs[0][level].grad()));
    }
}

TEST(DetectionLoss, BackwardScalesAndGradModeIsKept) {
    const Scene scene = randomScene(80, {2, 64, 64, 3, 5});
    const auto plain = leaves(scene.maps), scaled = leaves(scene.maps);
    const DetectionLoss loss = detectionLoss(plain, scene.targets, scene.options);
    loss.total.backward();
    (detectionLoss(scaled, scene.targets, scene.options).total * 0.25).backward();
    EXPECT_TRUE((plain[1].grad() * 0.25).equal(scaled[1].grad()));
    const at::NoGradGuard noGrad;
    const DetectionLoss quiet = detectionLoss(plain, scene.targets, scene.options);
    EXPECT_FALSE(quiet.total.requires_grad());
    EXPECT_EQ(quiet.total.item<float>(), loss.total.item<float>());
}

TEST(DetectionLoss, NotANumberIsNotHidden) {
    for (const int64_t channel : {0, 63, 64, 66}) {
        Scene scene = randomScene(90, {1, 64, 64, 3, 0});
        scene.targets = at::tensor({0.f, 1.f, 0.5f, 0.5f, 0.9f, 0.9f}).view({1, 6});
        scene.maps[0].select(1, channel).fill_(NAN);
        const DetectionLoss loss = detectionLoss(leaves(scene.maps), scene.targets, scene.options);
        EXPECT_TRUE(std::isnan(loss.total.item<float>())) << channel;
    }
}

}  // namespace
}  // namespace qat::test
