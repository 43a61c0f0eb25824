// Calibration: activation ranges from batches of data through the float graph.
#pragma once

#include <functional>
#include <optional>

#include "base/cancel.h"
#include "quant/quantizer_set.h"

namespace qat {

// next: the next batch of images [N,3,H,W], or an undefined tensor when there are no more. floatGraph: the graph before
// `set` was inserted into its clone `quantized`. done(i) is called after batch i. Throws Error{BadInput} if there was no
// batch, Error{Cancelled} on request.
void calibrate(const Graph& floatGraph, Graph& quantized, QuantizerSet& set, const std::function<at::Tensor()>& next,
               const std::function<void(int64_t)>& done, const CancelToken& cancel);

}  // namespace qat
