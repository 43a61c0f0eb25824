// Choosing few images that stand for many, by what the network's backbone makes of them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "base/cancel.h"
#include "config/config.h"
#include "graph/graph.h"

namespace qat {

// Picks min(size, N) different rows of features [N, D], in the order of their choice; a shorter choice is the beginning
// of a longer one. Ties go to the lowest row, so that only the rows decide (and the seed, for random).
//   k-center  starts at the row nearest the mean, then always the row farthest from its nearest chosen one
//   herding   always the row that brings the mean of the chosen ones closest to the mean of all (Welling 2009)
//   random    a seeded draw without replacement; looks at N only
// Throws Error{BadInput} if a feature is not finite or size is not positive.
std::vector<int64_t> selectCoreset(const at::Tensor& features, int64_t size, CoresetMethod method, uint64_t seed);

// How well the first `images` rows of a choice stand for all: distance of the farthest row to its nearest chosen one,
// and the mean of these distances. Rows have length 1, so that no distance exceeds 2.
struct Coverage {
    int64_t images = 0;
    double farthest = 0, mean = 0;
};

// Of the first 1, 2, 4, ... and of all chosen rows of features [N, D].
std::vector<Coverage> coverageOf(const at::Tensor& features, const std::vector<int64_t>& chosen);

// One row an image: averages over the map of the last backbone value (what the first upsampling reads, else the last
// head map), scaled to length 1. next and done: as for calibrate(). Throws Error{BadInput} without images,
// Error{Cancelled}.
at::Tensor backboneFeatures(const Graph& floatGraph, const std::function<at::Tensor()>& next,
                            const std::function<void(int64_t)>& done, const CancelToken& cancel);

}  // namespace qat
