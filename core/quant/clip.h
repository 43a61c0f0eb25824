// Calibration methods: which part of a histogram a grid should cover, and what that costs.
#pragma once

#include "config/config.h"
#include "quant/histogram.h"
#include "quant/scheme.h"

namespace qat {

struct ClipRange {
    double low = 0, high = 0;
};

struct ClipRequest {
    CalibrationMethod method = CalibrationMethod::MinMax;
    double percentile = 99.99;  // share of the values kept, 50..100
    QuantGrid grid;
    float smallestScale = 1.1920929e-7f;
    double clipWeight = 3;  // of the sqnr method
};

// The method of an observer that chooses a part of what it saw; minmax of one that keeps everything.
CalibrationMethod methodOf(ObserverKind observer);

// The range a method chooses: contains zero and lies within the values seen, extended to zero. Values of a bin are
// taken as spread evenly over it. Nothing to choose from (no values, or all equal) gives what was seen.
//   minmax      everything seen
//   percentile  affine grids leave (100 - p) / 2 percent out at each end, symmetric ones (100 - p) percent of |x|
//   histogram   torch.ao's search: takes ever more off the end that holds fewer values, until the error of 2^bits even
//               steps rises
//   entropy     the threshold on |x| whose clipped distribution loses least (Kullback and Leibler) when its bins are
//               joined to the grid's levels; affine grids spread the levels over what lies between -t and t
//   mse         the range with the least quantizationError()
//   sqnr        the same, what is cut off counting clipWeight times
// Levels that are not even: binary grids take the mean magnitude, whose error is least, from histogram, entropy, mse
// and sqnr; floating point formats of 8 bits are searched by error where histogram and entropy are asked for, and Half
// keeps all.
ClipRange chooseClip(const Histogram& histogram, const ClipRequest& request);

// Mean squared difference between the values and their fake quantized ones.
double quantizationError(const Histogram& histogram, const QParams& params, const QuantGrid& grid);

// The part of it that comes from values beyond the first and last code by more than half a step.
double clippingError(const Histogram& histogram, const QParams& params, const QuantGrid& grid);

struct ClipQuality {
    QParams params;
    double clipped = 0;            // share of the values beyond the grid's first and last code by more than half a step
    double signal = 0, noise = 0;  // mean squares of the values and of what quantization changes about them
    double values = 0;             // how many there are
    double sqnrDb() const;         // signal over noise, in decibels; infinite without noise
};
ClipQuality clipQuality(const Histogram& histogram, const ClipRange& clip, const QuantGrid& grid, float smallestScale);
// That of all values together; params are those of the largest scale.
ClipQuality joined(const ClipQuality& a, const ClipQuality& b);

// The methods one by one, for a histogram with at least two values; not yet limited to what was seen.
ClipRange percentileClip(const Histogram& histogram, double percentile, bool symmetric);
ClipRange histogramClip(const Histogram& histogram, int bits);
ClipRange entropyClip(const Histogram& histogram, const QuantGrid& grid);
ClipRange mseClip(const Histogram& histogram, const QuantGrid& grid, float smallestScale, double clipWeight = 1);

}  // namespace qat
