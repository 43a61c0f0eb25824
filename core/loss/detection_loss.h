// The training loss of anchor-free detection heads (YOLOv8; YOLOv10 is the sum of two), with its gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace qat {

struct DetectionLossOptions {
    int64_t numClasses = 80;
    int64_t regMax = 16;                      // bins of each box side's distribution, at least 2
    std::vector<int64_t> strides{8, 16, 32};  // pixels of the input per cell, one a map
    double boxGain = 7.5;
    double clsGain = 0.5;
    double dflGain = 1.5;
    int topk = 10;                      // anchors a label may claim; 1 makes the one-to-one assignment
    double alpha = 0.5;                 // exponent of the class score in the alignment
    double beta = 6.0;                  // exponent of the overlap in the alignment
    std::vector<float> classWeights{};  // of the class term, one a class; empty: 1 for all
};

struct DetectionLoss {
    at::Tensor total;  // float scalar, (box + cls + dfl) x batch; differentiable once with respect to the maps
    double box = 0;    // the three terms after their gains, not x batch
    double cls = 0;
    double dfl = 0;
};

// The loss of a batch.
//   maps     raw head outputs, one a stride, on any device: float [N, 4 * regMax + numClasses, H, W], side
//   distributions first (left,
//            top, right, bottom), class logits after. Channels-last memory is read in place, other layouts are copied.
//   targets  float [M, 6], rows (image, class, x, y, w, h), the box as centre and size over the input's width and
//            height; M may be 0. The input size is that of the first map times the first stride.
// The class term is the sum over anchors and classes c of classWeights[c] x BCE(logit, target score), over the sum of
// all target scores (at least 1); weights touch neither the assignment nor the other terms. The gradient is worked out
// here, when grad mode is on and a map requires it; backward only scales it. The result does not depend on the number
// of threads. Not-a-number in what the head says of a labelled place makes all terms so. Throws BadInput naming the row
// for a class or image out of range and for boxes that are not finite, negative in size or more than 1000 inputs away;
// Internal for maps that do not fit the options.
DetectionLoss detectionLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets,
                            const DetectionLossOptions& options);

}  // namespace qat
