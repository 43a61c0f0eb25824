// The training loss of one anchor-free detection head, with its gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace qat {

struct DetectionLossOptions {
    int64_t numClasses = 80;
    int64_t regMax = 16;                      // bins of each box side's distribution; 1: the map holds the side itself
    std::vector<int64_t> strides{8, 16, 32};  // pixels of the input per cell, one a map
    double boxGain = 7.5;
    double clsGain = 0.5;
    double dflGain = 1.5;  // of the distributions, or of the sides themselves
    int topk = 10;         // anchors a label may claim
    int topk2 = 0;         // of those it is given, the best aligned that it keeps; 0: all
    // Labels narrower or lower than the first stride claim anchors as if they measured the second one there, so that
    // small ones have anchors to claim.
    bool enlargesSmall = false;
    double alpha = 0.5;                 // exponent of the class score in the alignment
    double beta = 6.0;                  // exponent of the overlap in the alignment
    std::vector<float> classWeights{};  // of the class term, one a class; empty: 1 for all
};

struct DetectionLoss {
    at::Tensor total;  // float scalar, (box + cls + dfl) x batch; differentiable once with respect to the maps
    double box = 0;    // the three terms after their gains, not x batch
    double cls = 0;
    double dfl = 0;  // with regMax 1 that of the sides
};

// The loss of a batch.
//   maps     raw head outputs, one a stride, on any device: float [N, 4 * regMax + numClasses, H, W], box sides first
//            (left, top, right, bottom; distributions, or distances in cells), class logits after. Channels-last memory
//            is read in place, other layouts are copied.
//   targets  float [M, 6], rows (image, class, x, y, w, h), the box as centre and size over the input's width and
//            height; M may be 0. The input size is that of the first map times the first stride.
// The third term is the distribution focal loss of the sides; with regMax 1, where there is no distribution, the mean
// of the four |predicted - labelled| distances as shares of the input's width or height.
// The class term is the sum over anchors and classes c of classWeights[c] x BCE(logit, target score), over the sum of
// all target scores (at least 1); weights touch neither the assignment nor the other terms. The gradient is worked out
// here, when grad mode is on and a map requires it; backward only scales it. The result does not depend on the number
// of threads. Not-a-number in what the head says of a labelled place makes all terms so. Throws BadInput naming the row
// for a class or image out of range and for boxes that are not finite, negative in size or more than 1000 inputs away;
// Internal for maps that do not fit the options.
DetectionLoss detectionLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets,
                            const DetectionLossOptions& options);

}  // namespace qat
