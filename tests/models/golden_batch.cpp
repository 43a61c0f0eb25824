#include "models/golden_batch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "data/image_file.h"
#include "data/letterbox.h"

namespace qat::test {
namespace {

// uint8 [3,640,640] RGB of one picture, letterboxed as for prediction.
at::Tensor inputOf(const std::filesystem::path& assets, const nlohmann::json& image) {
    const auto file = assets / "coco128" / "images" / "train2017" / (image.at("name").get<std::string>() + ".jpg");
    const cv::Mat bgr = letterbox(readImage(file), {640, 640}, LetterboxMode::Predict).image;
    const at::Tensor pixels = at::from_blob(bgr.data, {640, 640, 3}, at::kByte);
    const at::Tensor rgb = pixels.flip(2).permute({2, 0, 1}).contiguous();
    EXPECT_EQ(sha256Hex(std::as_bytes(std::span(rgb.data_ptr<uint8_t>(), static_cast<size_t>(rgb.numel())))),
              image.at("input_sha256_u8_chw_rgb").get<std::string>());
    return rgb;
}

}  // namespace

at::Tensor batchOf(const std::filesystem::path& assets, const nlohmann::json& batch) {
    std::vector<at::Tensor> images;
    for (const auto& image : batch.at("images")) images.push_back(inputOf(assets, image));
    return at::stack(images).to(at::kFloat) / 255.0;
}

at::Tensor targetsOf(const nlohmann::json& batch) {
    std::vector<float> values;
    for (const auto& row : batch.at("targets"))
        for (const auto& number : row) values.push_back(number.get<float>());
    return at::tensor(values).reshape({-1, 6});
}

void expectGradient(const at::Tensor& gradient, const nlohmann::json& golden, const std::string& name) {
    const at::Tensor g = gradient.contiguous().to(at::kDouble);
    const double norm = golden.at("l2").get<double>(), absSum = golden.at("abs_sum").get<double>();
    EXPECT_NEAR(g.norm().item<double>(), norm, 1e-3 * norm) << name;
    EXPECT_NEAR(g.abs().sum().item<double>(), absSum, 1e-3 * absSum) << name;
    EXPECT_NEAR(g.sum().item<double>(), golden.at("sum").get<double>(), 1e-3 * absSum) << name;
    const auto first = golden.at("first").get<std::vector<double>>();
    for (size_t i = 0; i < first.size(); ++i)
        EXPECT_NEAR(g.flatten()[static_cast<int64_t>(i)].item<double>(), first[i], 1e-3 * norm) << name;
}

void expectRunning(const Graph& graph, const nlohmann::json& golden) {
    for (const auto& [norm, figures] : golden.items())
        for (const auto& [key, name] : {std::pair{"mean", ".running_mean"}, {"var", ".running_var"}}) {
            const at::Tensor& running = *graph.value(*graph.findValue(norm + name)).data;
            const auto expected = figures.at(key).get<std::vector<double>>();
            for (size_t i = 0; i < expected.size(); ++i)
                EXPECT_NEAR(running[static_cast<int64_t>(i)].item<double>(), expected[i],
                            1e-5 * std::abs(expected[i]) + 1e-7)
                    << norm << name;
        }
}

void requireGradients(const Graph& graph) {
    for (const ValueId id : graph.storedValues())
        if (graph.value(id).kind == ValueKind::Parameter) graph.value(id).data->requires_grad_(true);
}

}  // namespace qat::test
