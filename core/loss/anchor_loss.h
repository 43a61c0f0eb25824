// The training loss of YOLOv5's head, whose cells predict boxes relative to anchors, with its gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "loss/loss.h"

namespace qat {

struct AnchorLossOptions {
    int64_t numClasses = 80;
    std::vector<int64_t> strides{8, 16, 32};  // pixels of the input per cell, one a map
    std::vector<float> anchors{};  // width and height in pixels of the input, those of the first map first; as many for
                                   // every map
    // As YOLOv5 means them, for three maps, 80 classes and an input of 640 x 640: that of the class term is also
    // multiplied by numClasses / 80, that of objectness by the input's area over 640 x 640, and all by 3 / maps.
    double boxGain = 0.05;
    double clsGain = 0.5;
    double objGain = 1.0;
    std::vector<float> classWeights{};  // of the class term, one a class; empty: 1 for all
};

struct AnchorLossValue {
    at::Tensor total;  // float scalar, (box + obj + cls) x batch; differentiable once with respect to the maps
    double box = 0;    // the three terms after their gains, not x batch
    double obj = 0;
    double cls = 0;
};

// The loss of a batch.
//   maps     raw head outputs, one a stride, on any device: float [N, A (5 + numClasses), H, W]; of each anchor x, y,
//            width, height, objectness and class logits
//   targets  as detectionLoss() takes them
// With s the sigmoid, a prediction's centre is 2 s - 0.5 cells from its cell's corner and its size (2 s)^2 anchors.
// Every map gives three terms:
//   box  mean over the matches (anchor_matches.h) of 1 - complete IoU
//   obj  mean over all anchors of BCE(objectness, target), times 4, 1, 0.4 for three maps and 4, 1, 0.25, 0.06, 0.02
//        for others; the target is the complete IoU, at least 0, of the anchor's last match, 0 without
//   cls  mean over matches and classes of classWeights x BCE(logit, 1 for the label's class, else 0); none with a
//        single class
// The result does not depend on the number of threads. Throws as detectionLoss().
AnchorLossValue anchorLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets,
                           const AnchorLossOptions& options);

// anchorLoss() of raw head maps; its terms are box, obj and cls.
class AnchorLoss final : public Loss {
public:
    // maps: the outputs with the raw maps, one a stride.
    AnchorLoss(std::vector<std::string> maps, AnchorLossOptions options)
        : m_maps(std::move(maps)), m_options(std::move(options)) {}

    std::vector<std::string> outputs() const override { return m_maps; }
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override;
    std::vector<std::string> settings() const override;

private:
    std::vector<std::string> m_maps;
    AnchorLossOptions m_options;
};

}  // namespace qat
