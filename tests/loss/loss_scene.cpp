#include "loss/loss_scene.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "loss/loss_reference.h"

namespace qat::test {

at::Tensor randomTensor(Random& random, at::IntArrayRef shape, double spread) {
    at::Tensor tensor = at::empty(shape, at::kFloat);
    for (float *x = tensor.data_ptr<float>(), *end = x + tensor.numel(); x != end; ++x)
        *x = static_cast<float>(spread * random.normal());
    return tensor;
}

at::Tensor randomTargets(Random& random, const MapShape& shape) {
    at::Tensor rows = at::zeros({shape.labels, 6});
    auto row = rows.accessor<float, 2>();
    const int64_t images = std::max<int64_t>(1, shape.batch - 1);
    for (int64_t i = 0; i < shape.labels; ++i) {
        row[i][0] = static_cast<float>(random.below(images));
        row[i][1] = static_cast<float>(random.below(shape.classes));
        const double size = i % 4 == 0 ? 0.02 : 0.7;
        for (int64_t k = 2; k < 4; ++k) row[i][k] = static_cast<float>(random.uniform());
        for (int64_t k = 4; k < 6; ++k) row[i][k] = static_cast<float>(random.uniform(0.005, size));
        if (i % 3 == 2)
            for (int64_t k = 0; k < 6; ++k) row[i][k] = row[i - 1][k] + (k > 1 ? 0.01f : 0.0f);
    }
    return rows;
}

Scene randomScene(uint64_t seed, const MapShape& shape, double spread, int64_t bins) {
    Random random(seed);
    Scene scene;
    scene.options.numClasses = shape.classes;
    scene.options.regMax = bins;
    for (const int64_t stride : scene.options.strides)
        scene.maps.push_back(randomTensor(
            random, {shape.batch, 4 * bins + shape.classes, shape.height / stride, shape.width / stride}, spread));
    scene.targets = randomTargets(random, shape);
    return scene;
}

std::vector<at::Tensor> leaves(const std::vector<at::Tensor>& maps) {
    std::vector<at::Tensor> copies;
    for (const at::Tensor& map : maps)
        copies.push_back(map.detach().clone(at::MemoryFormat::ChannelsLast).requires_grad_());
    return copies;
}

void expectSameAsReference(const Scene& scene) {
    const auto ours = leaves(scene.maps), theirs = leaves(scene.maps);
    const DetectionLoss fused = detectionLoss(ours, scene.targets, scene.options);
    const DetectionLoss slow = referenceLoss(theirs, scene.targets, scene.options);
    EXPECT_NEAR(fused.box, slow.box, 1e-5 * slow.box);
    EXPECT_NEAR(fused.cls, slow.cls, 1e-5 * slow.cls);
    EXPECT_NEAR(fused.dfl, slow.dfl, 1e-5 * slow.dfl);
    EXPECT_NEAR(fused.total.item<double>(), slow.total.item<double>(), 1e-5 * slow.total.item<double>());
    fused.total.backward();
    slow.total.backward();
    for (size_t level = 0; level < ours.size(); ++level) {
        const at::Tensor difference = (ours[level].grad() - theirs[level].grad()).abs();
        const double largest = theirs[level].grad().abs().max().item<double>();
        EXPECT_LT(difference.max().item<double>(), 1e-5 * largest) << "level " << level;
        const double norm = theirs[level].grad().norm().item<double>();
        EXPECT_LT(difference.norm().item<double>(), 1e-5 * norm) << "level " << level;
        // Every single value, down to where the rounding of score minus target shows.
        const at::Tensor bound = 1e-4 * theirs[level].grad().abs() + 4e-6 * largest;
        EXPECT_TRUE((difference <= bound).all().item<bool>()) << "level " << level;
    }
}

}  // namespace qat::test
