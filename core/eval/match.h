// What quantization did to the objects of one image: FP32 and quantized detections matched with each other and,
// where there are any, with the labels.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/detection.h"

namespace qat {

// With labels the first five are about a labelled object and the last three about detections that match no label.
// Without labels the FP32 network is the reference: kept agrees, lost is missed by the quantized network, gained is
// extra, and the others do not occur.
enum class Transition {
    Kept,       // found by both, same class
    Lost,       // FP32 found it, the quantized network does not
    Gained,     // only the quantized network found it
    ClassFlip,  // FP32 found it, the quantized network has a box there of another class
    MissedByBoth,
    NewFalseAlarm,   // no label, only quantized
    FalseAlarmGone,  // no label, only FP32
    FalseAlarmInBoth,
};
inline constexpr size_t kTransitions = 8;

// kept, lost, gained, class_flip, missed_by_both, new_false_alarm, false_alarm_gone, false_alarm_in_both
std::string_view transitionName(Transition transition);

struct MatchOptions {
    float minScore = 0.25f;  // detections below are left out on both sides
    double iou = 0.5;        // boxes with at least this overlap are one object
    double driftIou = 0.8;   // a pair that overlaps less has drifted
    double scoreDrop = 0.2;  // a pair whose score falls by more has dropped
};

// One object: indices into the given lists, -1 where a side has none. Pair values only when both networks have a box.
struct ObjectMatch {
    Transition transition = Transition::Kept;
    int32_t fp32 = -1, quantized = -1, label = -1;
    double iou = 0;                         // of the two detections, 0..1
    double scoreDifference = 0;             // quantized - FP32
    bool drift = false, scoreDrop = false;  // of kept pairs
    bool paired() const { return fp32 >= 0 && quantized >= 0; }
};

// Greedy by FP32 score: each takes the free quantized box of its class that overlaps most; what is left over pairs
// across classes in the same way (class flip). Every detection of minScore or more is in exactly one row. Rows: FP32
// detections by falling score, then extra ones by falling score.
std::vector<ObjectMatch> matchDetections(std::span<const Detection> fp32, std::span<const Detection> quantized,
                                         const MatchOptions& options = {});

// The same seen from the labels. Each network is matched with the labels greedily by score; every label and every
// detection of minScore or more is in exactly one row. Rows: labels in order, then false alarms as above.
std::vector<ObjectMatch> matchDetections(std::span<const Detection> fp32, std::span<const Detection> quantized,
                                         std::span<const LabelBox> labels, const MatchOptions& options = {});

// Counts and differences over many rows.
struct MatchSummary {
    std::array<int64_t, kTransitions> counts{};  // by Transition
    int64_t pairs = 0, drift = 0, scoreDrop = 0;
    // Over pairs; minIou is 1 and the others 0 without any.
    double iouSum = 0, minIou = 1, scoreDifferenceSum = 0, maxScoreDifference = 0;  // last two of absolute values
    void add(std::span<const ObjectMatch> matches);
    int64_t count(Transition transition) const { return counts[static_cast<size_t>(transition)]; }
    double meanIou() const { return pairs ? iouSum / static_cast<double>(pairs) : 0; }
    double meanScoreDifference() const { return pairs ? scoreDifferenceSum / static_cast<double>(pairs) : 0; }
};

}  // namespace qat
