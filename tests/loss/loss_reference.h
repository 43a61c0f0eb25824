// The detection loss once more, slowly: whole matrices of labels times anchors, and autograd for the gradient.
#pragma once

#include "loss/detection_loss.h"

namespace qat::test {

// Same contract as detectionLoss, for labels that are in order.
DetectionLoss referenceLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets,
                            const DetectionLossOptions& options);

// Complete IoU of rows of corner boxes [..., 4] that broadcast; no gradient through the weight of the aspect term.
at::Tensor referenceIou(const at::Tensor& predicted, const at::Tensor& target);

// Distribution focal loss of rows of logits [R, bins] for distances [R].
at::Tensor referenceFocal(const at::Tensor& logits, const at::Tensor& distance);

}  // namespace qat::test
