// Heads that say random things, and labels for them.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "base/random.h"
#include "loss/detection_loss.h"

namespace qat::test {

struct Scene {
    std::vector<at::Tensor> maps;
    at::Tensor targets;
    DetectionLossOptions options;
};

struct MapShape {
    int64_t batch, height, width, classes, labels;
};

at::Tensor randomTensor(Random& random, at::IntArrayRef shape, double spread);

// Labels of all sizes in all images but the last; every third one is close to the label before it.
at::Tensor randomTargets(Random& random, const MapShape& shape);

Scene randomScene(uint64_t seed, const MapShape& shape, double spread = 1.5, int64_t bins = 16);

// Copies that gradients come to.
std::vector<at::Tensor> leaves(const std::vector<at::Tensor>& maps);

// detectionLoss() and referenceLoss() agree, in terms and gradients.
void expectSameAsReference(const Scene& scene);

}  // namespace qat::test
