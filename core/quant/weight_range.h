// The ranges behind the scales of a weight: per tensor, channel or group.
#pragma once

#include "quant/quantizer_set.h"

namespace qat {

// Range of a tensor, per tensor (axis -1) or along an axis. Errors of rangeOf() name `name`.
ObservedRange rangeOfNamed(const std::string& name, const at::Tensor& tensor, int64_t axis);

// One range for each scale of the weight: its extremes, or of binary weights the mean magnitude, whose error is least
// (Rastegari et al. 2016).
ObservedRange weightRange(const Quantizer& quantizer, const FakeQuantize& op, const at::Tensor& weight);

// The part of each range that the method of the quantizer's observer chooses.
ObservedRange searchedWeightRange(const Quantizer& quantizer, const FakeQuantize& op, const at::Tensor& weight);

// Mean of |w| over the elements that share a scale, [scales].
at::Tensor meanMagnitudes(const FakeQuantize& op, const at::Tensor& weight);

}  // namespace qat
