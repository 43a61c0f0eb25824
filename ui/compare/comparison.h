// What quantization did to the objects of a run's images, at two confidence thresholds. No widgets.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "compare/run_image.h"
#include "eval/match.h"

namespace qat::ui {

// One object; the indices point into the image's own lists, -1 = that side has none.
struct ObjectRow {
    Transition transition = Transition::Kept;
    int fp32 = -1, quantized = -1, label = -1;
    double iou = 0;
    bool drift = false, scoreDrop = false;
    bool operator==(const ObjectRow&) const = default;
};

struct ImageComparison {
    std::vector<ObjectRow> objects;  // worst first: lost, flip, new, then kept
    std::array<int, kTransitions> counts{};
    int fp32Boxes = 0, quantizedBoxes = 0;  // at or above the thresholds
    int pairs = 0;
    double scoreChange = 0;  // mean over pairs, quantized - FP32
    int count(Transition transition) const { return counts[static_cast<size_t>(transition)]; }
    bool changed() const;
};

struct Thresholds {
    double fp32 = 0.25, quantized = 0.25;
    bool operator==(const Thresholds&) const = default;
};

ImageComparison compareImage(const RunImage& image, const Thresholds& thresholds);

// A whole stage of a run: images and their comparisons, index by index.
struct RunComparison {
    std::shared_ptr<const std::vector<RunImage>> images;
    std::vector<ImageComparison> results;
    std::array<int64_t, kTransitions> counts{};
    int64_t drift = 0, scoreDrop = 0, labels = 0;
    int64_t count(Transition transition) const { return counts[static_cast<size_t>(transition)]; }
    // Share of labelled objects a side found, and detections without a label per image; NaN without labels or images.
    double recall(bool quantized) const;
    double falseAlarmsPerImage(bool quantized) const;
};

RunComparison compareRun(std::shared_ptr<const std::vector<RunImage>> images, const Thresholds& thresholds);

// Detections of a side in 50 equal score bins.
std::vector<int> scoreHistogram(const std::vector<RunImage>& images, bool quantized);

// A colour-independent look for a transition: icon name and words; without labels other words.
struct TransitionLook {
    QString icon, text;
    enum class Tone { Neutral, Lost, Gained, Flip, New } tone = Tone::Neutral;
};
TransitionLook transitionLook(Transition transition, bool withLabels);

}  // namespace qat::ui
