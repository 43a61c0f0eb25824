// Percentile, torch's histogram search, and the choice among the methods.
#include "quant/clip.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace qat {
namespace {

// Where the running count reaches `target`.
double quantile(const Histogram& h, double target) {
    double below = 0;
    for (size_t i = 0; i < h.counts.size(); ++i) {
        const double count = h.counts[i];
        if (count > 0 && below + count >= target)
            return h.edge(i) + std::clamp((target - below) / count, 0.0, 1.0) * h.width;
        below += count;
    }
    return h.high;
}

// Error of the bins [start, end] laid onto `steps` even steps with their values in the middle, and of all bins beyond
// clipped to them; in units of the cube of a step.
double evenStepError(const Histogram& h, size_t start, size_t end, double steps) {
    const double perBin = steps / static_cast<double>(end - start + 1);
    const auto integral = [&](size_t edge) {
        const double u = (static_cast<double>(edge) - static_cast<double>(start)) * perBin;
        const double k = std::min(std::max(std::floor(u), 0.0), steps - 1);
        const double r = u - k - 0.5;
        return k / 12 + r * r * r / 3;
    };
    double error = 0, left = integral(0);
    for (size_t i = 0; i < h.counts.size(); ++i) {
        const double right = integral(i + 1);
        error += h.counts[i] * (right - left);
        left = right;
    }
    return error / (perBin * perBin * perBin);
}

}  // namespace

ClipRange percentileClip(const Histogram& h, double percentile, bool symmetric) {
    const double total = h.total();
    if (symmetric) {
        const double threshold = quantile(magnitudes(h), total * percentile / 100);
        return {-threshold, threshold};
    }
    const double tail = total * (100 - percentile) / 200;
    return {quantile(h, tail), quantile(h, total - tail)};
}

ClipRange histogramClip(const Histogram& h, int bits) {
    constexpr double kStep = 1e-5;
    const double total = h.total(), steps = std::ldexp(1.0, bits);
    size_t start = 0, end = h.counts.size() - 1;
    double alpha = 0, beta = 1, best = std::numeric_limits<double>::infinity();
    double belowStart = h.counts[start], upToEnd = total;  // running counts at start and end, both included
    while (alpha < beta) {
        const double nextAlpha = alpha + kStep, nextBeta = beta - kStep;
        size_t l = start, r = end;
        double atL = belowStart, atR = upToEnd;
        while (l < end && atL < nextAlpha * total) atL += h.counts[++l];
        while (r > start && atR > nextBeta * total) atR -= h.counts[r--];
        const bool fromLeft = l - start > end - r;
        const size_t newStart = fromLeft ? l : start, newEnd = fromLeft ? end : r;
        (fromLeft ? alpha : beta) = fromLeft ? nextAlpha : nextBeta;
        if (newStart == start && newEnd == end) continue;
        const double error = evenStepError(h, newStart, newEnd, steps);
        if (error > best) break;
        best = error, start = newStart, end = newEnd;
        (fromLeft ? belowStart : upToEnd) = fromLeft ? atL : atR;
    }
    return {h.edge(start), h.edge(end + 1)};
}

namespace {

// What a grid whose levels are not even makes of a method.
CalibrationMethod suited(CalibrationMethod method, NumberFormat format) {
    const bool countsLevels = method == CalibrationMethod::Histogram || method == CalibrationMethod::Entropy;
    if (format == NumberFormat::Half) return CalibrationMethod::MinMax;
    return isFloat(format) && countsLevels ? CalibrationMethod::Mse : method;
}

ClipRange meanMagnitudeClip(const Histogram& h) {
    const Histogram sizes = magnitudes(h);
    double sum = 0;
    for (size_t i = 0; i < sizes.counts.size(); ++i) sum += sizes.counts[i] * (sizes.edge(i) + sizes.width / 2);
    const double mean = sum / sizes.total();
    return {-mean, mean};
}

ClipRange clipBy(CalibrationMethod method, const Histogram& h, const ClipRequest& request) {
    if (request.grid.format == NumberFormat::Binary && method != CalibrationMethod::Percentile)
        return meanMagnitudeClip(h);
    switch (method) {
        case CalibrationMethod::MinMax:
            return {h.low, h.high};
        case CalibrationMethod::Histogram:
            return histogramClip(h, request.grid.bits);
        case CalibrationMethod::Percentile:
            return percentileClip(h, request.percentile, request.grid.symmetric);
        case CalibrationMethod::Entropy:
            return entropyClip(h, request.grid);
        case CalibrationMethod::Mse:
            return mseClip(h, request.grid, request.smallestScale);
        case CalibrationMethod::Sqnr:
            return mseClip(h, request.grid, request.smallestScale, request.clipWeight);
    }
    return {h.low, h.high};
}

}  // namespace

CalibrationMethod methodOf(ObserverKind observer) {
    switch (observer) {
        case ObserverKind::Histogram:
            return CalibrationMethod::Histogram;
        case ObserverKind::Percentile:
            return CalibrationMethod::Percentile;
        case ObserverKind::Entropy:
            return CalibrationMethod::Entropy;
        case ObserverKind::Mse:
            return CalibrationMethod::Mse;
        default:
            return CalibrationMethod::MinMax;
    }
}

ClipRange chooseClip(const Histogram& h, const ClipRequest& request) {
    const ClipRange seen{std::min(0.0, static_cast<double>(h.low)), std::max(0.0, static_cast<double>(h.high))};
    const CalibrationMethod method = suited(request.method, request.grid.format);
    if (method == CalibrationMethod::MinMax || h.low >= h.high || h.total() < 2) return seen;
    const ClipRange chosen = clipBy(method, h, request);
    const ClipRange inside{std::clamp(chosen.low, seen.low, 0.0), std::clamp(chosen.high, 0.0, seen.high)};
    return inside.high > inside.low ? inside : seen;
}

}  // namespace qat
