// Calibration: activation ranges from batches of data through the float graph.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "quant/clip.h"
#include "quant/quantizer_set.h"

namespace qat {

// How one method would do; of channels the extremes of their ranges, and the quality of all of them together.
struct MethodTrial {
    CalibrationMethod method = CalibrationMethod::MinMax;
    ClipRange clip;
    ClipQuality quality;
};

// What was seen of one quantizer's values, what every method would make of it, and what was made of it.
struct TensorCalibration {
    std::string name;
    QuantGrid grid;
    CalibrationMethod method = CalibrationMethod::MinMax;  // the one that acted
    int64_t values = 0;
    int64_t channels = 0;             // with a range each; 0: one range
    float low = 0, high = 0;          // extremes
    std::vector<MethodTrial> trials;  // of channels only the one that acted
    MethodTrial applied;              // range and quality as calibrated
};

struct CalibrationResult {
    int64_t images = 0;
    std::vector<TensorCalibration> tensors;  // quantizers of activations
    std::vector<std::string> warnings;
};

// The method for a quantizer's values: what calibration.method says; minmax leaves it to the observer, which is minimum
// and maximum (of all batches, or their moving average) unless it has a method of its own: histogram, percentile,
// entropy, mse.
CalibrationMethod methodFor(const Resolved& how);

// next: the next batch of images [N,3,H,W], or an undefined tensor when there are no more. floatGraph: the graph before
// `set` was inserted into its clone `quantized`. done(i) is called after batch i. A quantizer looks at its num_batches
// first batches. Channels are calibrated one by one, by their own histograms; memory does not grow with the number of
// images. Warnings name what saw a single value or a single image. A tensor leaves out the batches in which a value of
// it is not finite, and has the range -1..1 if that was all of them; a warning names the first. Throws Error{BadInput}
// if there was no batch, Error{Cancelled} on request.
CalibrationResult calibrate(const Graph& floatGraph, Graph& quantized, QuantizerSet& set,
                            const std::function<at::Tensor()>& next, const std::function<void(int64_t)>& done,
                            const CancelToken& cancel);

}  // namespace qat
