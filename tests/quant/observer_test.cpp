// Range observers: by hand, and against torch's on real weights and activations.
#include "quant/observer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "models/trained.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat {
namespace {

using Floats = std::vector<float>;

TEST(Observer, MinMaxKeepsTheExtremesOfAllBatches) {
    MinMaxObserver observer(0, -1);
    EXPECT_TRUE(observer.range().empty());
    for (const float value : {1.0f, -2.0f, 0.5f}) observer.observe(at::full({3}, value));
    EXPECT_EQ(observer.range().low, Floats{-2});
    EXPECT_EQ(observer.range().high, Floats{1});
}

TEST(Observer, MovingAverageStartsAtTheFirstBatchAndFollows) {
    MinMaxObserver observer(0.5, -1);
    observer.observe(at::tensor({-4.0f, 8.0f}));
    observer.observe(at::tensor({0.0f, 0.0f}));
    EXPECT_EQ(observer.range().low, Floats{-2});
    EXPECT_EQ(observer.range().high, Floats{4});
}

TEST(Observer, ChannelsAreSeenApartOnAnyAxis) {
    const at::Tensor x = test::randomTensor({3, 4, 5, 2}, 1);
    for (int64_t axis = 0; axis < 4; ++axis) {
        const ObservedRange range = rangeOf(x, axis);
        ASSERT_EQ(range.low.size(), static_cast<size_t>(x.size(axis)));
        for (int64_t c = 0; c < x.size(axis); ++c) {
            EXPECT_EQ(range.low[c], x.select(axis, c).min().item<float>());
            EXPECT_EQ(range.high[c], x.select(axis, c).max().item<float>());
        }
    }
}

TEST(Observer, JoinedRangesHoldBoth) {
    const ObservedRange joint = joined({{-1, 0}, {1, 2}}, {{-3, 1}, {0, 5}});
    EXPECT_EQ(joint.low, (Floats{-3, 0}));
    EXPECT_EQ(joint.high, (Floats{1, 5}));
    EXPECT_EQ(joined({}, {{1}, {2}}).low, Floats{1});
    EXPECT_EQ(joined({{1}, {2}}, {}).high, Floats{2});
    EXPECT_THROW(joined({{1}, {2}}, {{1, 2}, {3, 4}}), Error);
}

TEST(Observer, WhatCannotBeObservedIsRefused) {
    MinMaxObserver whole(0, -1), channels(0.1, 0);
    EXPECT_THROW(whole.observe(at::empty({0})), Error);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        at::Tensor x = at::zeros({4, 5});
        x[2][3] = bad;
        EXPECT_THROW(whole.observe(x), Error);
        EXPECT_THROW(channels.observe(x), Error);
    }
    EXPECT_TRUE(whole.range().empty());
    channels.observe(at::zeros({4, 5}));
    EXPECT_THROW(channels.observe(at::zeros({3, 5})), Error);
}

TEST(Observer, RestoredRangeGoesOn) {
    MinMaxObserver observer(0.5, -1);
    observer.restore({{-2}, {4}});
    observer.observe(at::tensor({0.0f, 8.0f}));
    EXPECT_EQ(observer.range().low, Floats{-1});
    EXPECT_EQ(observer.range().high, Floats{6});
}

// One number or one a channel.
std::vector<double> numbers(const nlohmann::json& value) {
    return value.is_array() ? value.get<std::vector<double>>() : std::vector{value.get<double>()};
}

// Averaging constant and axis of the observers that are min-max ranges; nothing for the others.
std::optional<MinMaxObserver> observerNamed(const std::string& name) {
    if (name == "MinMaxObserver") return MinMaxObserver(0, -1);
    if (name == "MovingAverageMinMaxObserver(0.1)") return MinMaxObserver(0.1, -1);
    if (name == "MovingAverageMinMaxObserver(0.01)") return MinMaxObserver(0.01, -1);
    if (name == "PerChannelMinMaxObserver") return MinMaxObserver(0, 0);
    return std::nullopt;
}

void expectRow(const nlohmann::json& row, const std::vector<at::Tensor>& batches, const std::string& what) {
    auto observer = observerNamed(row.at("observer"));
    ASSERT_TRUE(observer.has_value());
    ASSERT_EQ(batches.size(), row.at("batches").get<size_t>());
    for (const at::Tensor& batch : batches) observer->observe(batch);
    const QuantGrid grid{8, row.at("quant_min"), row.at("quant_max"), row.at("scheme") == "symmetric"};
    const auto params = chooseQParams(observer->range(), grid, 1.1920929e-7f);
    const auto low = numbers(row.at("min")), high = numbers(row.at("max")), scale = numbers(row.at("scale")),
               zero = numbers(row.at("zero_point"));
    ASSERT_EQ(params.size(), scale.size()) << what;
    for (size_t i = 0; i < params.size(); ++i) {
        const double ulp = batches.size() > 1 ? 2.4e-7 : 0;  // averages round on the way
        EXPECT_NEAR(observer->range().low[i], low[i], ulp * std::abs(low[i])) << what;
        EXPECT_NEAR(observer->range().high[i], high[i], ulp * std::abs(high[i])) << what;
        EXPECT_NEAR(params[i].scale, scale[i], 2.4e-7 * scale[i]) << what;
        EXPECT_EQ(params[i].zeroPoint, zero[i]) << what;
    }
}

std::string withUnderscores(std::string name) {
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
}

TEST(ObserverGolden, RangesScalesAndZeroPointsAreTorchs) {
    QAT_REQUIRE_ASSETS(assets);
    const Graph graph = test::trainedYolov8n(assets);
    const auto layers = test::readJson(assets / "goldens" / "fakequant" / "observers.json").at("layers");
    int compared = 0;
    for (const auto& [layer, parts] : layers.items()) {
        const at::Tensor weight = *graph.value(*graph.findValue(layer + ".weight")).data;
        const at::Tensor crops =
            test::readNpyTensor(assets / "goldens" / "fakequant" / ("activation_" + withUnderscores(layer) + ".npy"));
        const auto rows = crops.split(1);
        const std::map<std::string, std::vector<at::Tensor>> given{
            {"weight", {weight}},
            {"activation_first_batch", {rows[0]}},
            {"activation_four_batches", {rows.begin(), rows.end()}}};
        for (const auto& [part, batches] : given)
            for (const auto& row : parts.at(part)) {
                if (!observerNamed(row.at("observer"))) continue;
                expectRow(row, batches, layer + " " + part + " " + row.at("observer").get<std::string>());
                ++compared;
            }
    }
    EXPECT_EQ(compared, 6 * (3 * 21 + 7));
}

}  // namespace
}  // namespace qat
