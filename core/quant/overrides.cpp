// Member by member.
#include "quant/overrides.h"

namespace qat {
namespace {

template <class T, class Given>
void assign(T& target, const std::optional<Given>& given) {
    if (given) target = *given;
}

}  // namespace

void applyOverride(TensorQuantConfig& config, const TensorQuantOverride& given) {
    assign(config.dtype, given.dtype);
    assign(config.scheme, given.scheme);
    assign(config.observer, given.observer);
    assign(config.symmetric, given.symmetric);
    assign(config.bitWidth, given.bitWidth);
    assign(config.channelAxis, given.channelAxis);
    assign(config.groupSize, given.groupSize);
    assign(config.reduceRange, given.reduceRange);
    assign(config.narrowRange, given.narrowRange);
    assign(config.min, given.min);
    assign(config.max, given.max);
    assign(config.fixed, given.fixed);
}

void applyOverride(FakeQuantizeConfig& config, const FakeQuantizeOverride& given) {
    assign(config.type, given.type);
    assign(config.gradFactor, given.gradFactor);
    assign(config.momentum, given.momentum);
    assign(config.eps, given.eps);
    assign(config.scaleType, given.scaleType);
    assign(config.learnOffset, given.learnOffset);
    assign(config.clipDecay, given.clipDecay);
}

void applyOverride(CalibrationConfig& config, const CalibrationOverride& given) {
    assign(config.method, given.method);
    assign(config.numBatches, given.numBatches);
    assign(config.percentile, given.percentile);
    assign(config.clipWeight, given.clipWeight);
}

}  // namespace qat
