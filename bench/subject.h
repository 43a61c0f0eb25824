// What is benchmarked: the model, and made-up inputs for it. The same numbers in every run.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "compare.h"
#include "config/config.h"
#include "graph/graph.h"

namespace qat::bench {

// The chosen model, or yolov8n with 80 classes, random weights and batch norms that fit them; its own copy of all
// tensors.
Graph subjectModel(const Settings& settings, bool foldNorms);

// Uniform noise in 0..1 of the given sizes; 4-d in channels-last memory.
at::Tensor noise(const Shape& shape, uint64_t seed);

// Images of a batch: noise [count, 3, size, size].
at::Tensor noiseImages(int64_t count, int64_t size);

// Eight boxes an image, rows (image, class, x, y, w, h) as detectionLoss() wants them.
at::Tensor madeUpTargets(int64_t images, int64_t numClasses);

// 8-bit weights and activations, straight-through or learned.
Config w8a8(bool learned);

// For calibrate() and measureSensitivity(): this batch, then nothing.
std::function<at::Tensor()> once(const at::Tensor& images);

}  // namespace qat::bench
