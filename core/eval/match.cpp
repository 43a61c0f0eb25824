// Greedy pairing of box lists, and the transition that follows from who is paired with whom.
#include "eval/match.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/box_iou.h"

namespace qat {

namespace {

enum class Classes { Same, Any };

// Indices of the detections that take part, by falling score, equal ones in the given order.
std::vector<int32_t> byScore(std::span<const Detection> detections, float minScore) {
    std::vector<int32_t> order;
    for (size_t i = 0; i < detections.size(); ++i)
        if (detections[i].score >= minScore) order.push_back(static_cast<int32_t>(i));
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return detections[a].score > detections[b].score; });
    return order;
}

// Partners of `from` in `to`; -1 is none. Works on what is free, so it can be called for one rule after another.
struct Pairing {
    std::vector<int32_t> partnerOfFrom, partnerOfTo;
    Pairing(size_t from, size_t to) : partnerOfFrom(from, -1), partnerOfTo(to, -1) {}

    // `order` indexes `from`, `candidates` indexes `to`; each takes the free candidate that overlaps most, the first
    // of equals.
    template <class From, class To>
    void extend(std::span<const From> from, std::span<const int32_t> order, std::span<const To> to,
                std::span<const int32_t> candidates, Classes classes, double minIou) {
        for (const int32_t f : order) {
            if (partnerOfFrom[f] >= 0) continue;
            int32_t found = -1;
            double best = 0;
            for (const int32_t t : candidates) {
                if (partnerOfTo[t] >= 0 || (classes == Classes::Same && from[f].classIndex != to[t].classIndex))
                    continue;
                const double iou = boxIou(from[f].box, to[t].box);
                if (iou < minIou || iou <= best) continue;
                best = iou;
                found = t;
            }
            if (found < 0) continue;
            partnerOfFrom[f] = found;
            partnerOfTo[found] = f;
        }
    }
};

std::vector<int32_t> everyIndex(size_t count) {
    std::vector<int32_t> indices(count);
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
}

std::vector<int32_t> without(std::span<const int32_t> indices, const std::vector<int32_t>& partners) {
    std::vector<int32_t> rest;
    std::copy_if(indices.begin(), indices.end(), std::back_inserter(rest), [&](int32_t i) { return partners[i] < 0; });
    return rest;
}

// The two detection lists and what every row is measured with.
struct Sides {
    std::span<const Detection> fp32, quantized;
    const MatchOptions& options;

    ObjectMatch row(Transition transition, int32_t f, int32_t q, int32_t label = -1) const {
        ObjectMatch match{transition, f, q, label};
        if (!match.paired()) return match;
        match.iou = boxIou(fp32[f].box, quantized[q].box);
        match.scoreDifference = static_cast<double>(quantized[q].score) - fp32[f].score;
        if (transition != Transition::Kept) return match;
        match.drift = match.iou < options.driftIou;
        match.scoreDrop = -match.scoreDifference > options.scoreDrop;
        return match;
    }

    // Rows of detections by falling score, with the names that pairs and loners get.
    void pairUp(std::span<const int32_t> fp32Order, std::span<const int32_t> quantizedOrder, bool flips,
                std::array<Transition, 3> bothFp32Quantized, std::vector<ObjectMatch>& rows) const {
        Pairing pairing(fp32.size(), quantized.size());
        pairing.extend(fp32, fp32Order, quantized, quantizedOrder, Classes::Same, options.iou);
        if (flips) pairing.extend(fp32, fp32Order, quantized, quantizedOrder, Classes::Any, options.iou);
        for (const int32_t f : fp32Order) {
            const int32_t q = pairing.partnerOfFrom[f];
            const bool flip = q >= 0 && fp32[f].classIndex != quantized[q].classIndex;
            rows.push_back(row(flip ? Transition::ClassFlip : bothFp32Quantized[q < 0 ? 1 : 0], f, q));
        }
        for (const int32_t q : without(quantizedOrder, pairing.partnerOfTo))
            rows.push_back(row(bothFp32Quantized[2], -1, q));
    }
};

Transition transitionOfLabel(bool fp32Found, bool quantizedFound, bool otherClassThere) {
    if (fp32Found && quantizedFound) return Transition::Kept;
    if (quantizedFound) return Transition::Gained;
    if (!fp32Found) return Transition::MissedByBoth;
    return otherClassThere ? Transition::ClassFlip : Transition::Lost;
}

}  // namespace

std::string_view transitionName(Transition transition) {
    static constexpr std::array<std::string_view, kTransitions> kNames{"kept",
                                                                       "lost",
                                                                       "gained",
                                                                       "class_flip",
                                                                       "missed_by_both",
                                                                       "new_false_alarm",
                                                                       "false_alarm_gone",
                                                                       "false_alarm_in_both"};
    return kNames[static_cast<size_t>(transition)];
}

std::vector<ObjectMatch> matchDetections(std::span<const Detection> fp32, std::span<const Detection> quantized,
                                         const MatchOptions& options) {
    std::vector<ObjectMatch> rows;
    Sides{fp32, quantized, options}.pairUp(byScore(fp32, options.minScore), byScore(quantized, options.minScore), true,
                                           {Transition::Kept, Transition::Lost, Transition::Gained}, rows);
    return rows;
}

std::vector<ObjectMatch> matchDetections(std::span<const Detection> fp32, std::span<const Detection> quantized,
                                         std::span<const LabelBox> labels, const MatchOptions& options) {
    const Sides sides{fp32, quantized, options};
    const std::vector<int32_t> fp32Order = byScore(fp32, options.minScore), all = everyIndex(labels.size());
    const std::vector<int32_t> quantizedOrder = byScore(quantized, options.minScore);
    Pairing first(fp32.size(), labels.size()), second(quantized.size(), labels.size());
    first.extend<Detection, LabelBox>(fp32, fp32Order, labels, all, Classes::Same, options.iou);
    second.extend<Detection, LabelBox>(quantized, quantizedOrder, labels, all, Classes::Same, options.iou);
    std::vector<bool> found;
    for (const int32_t partner : second.partnerOfTo) found.push_back(partner >= 0);
    // Only a label that FP32 found can flip; a box on any other label stays a false alarm.
    std::vector<int32_t> flippable;
    for (const int32_t l : all)
        if (first.partnerOfTo[l] >= 0 && !found[l]) flippable.push_back(l);
    second.extend<Detection, LabelBox>(quantized, quantizedOrder, labels, flippable, Classes::Any, options.iou);

    std::vector<ObjectMatch> rows;
    for (const int32_t l : all) {
        const int32_t f = first.partnerOfTo[l], q = second.partnerOfTo[l];
        rows.push_back(sides.row(transitionOfLabel(f >= 0, found[l], q >= 0), f, q, l));
    }
    sides.pairUp(without(fp32Order, first.partnerOfFrom), without(quantizedOrder, second.partnerOfFrom), false,
                 {Transition::FalseAlarmInBoth, Transition::FalseAlarmGone, Transition::NewFalseAlarm}, rows);
    return rows;
}

void MatchSummary::add(std::span<const ObjectMatch> matches) {
    for (const ObjectMatch& match : matches) {
        ++counts[static_cast<size_t>(match.transition)];
        drift += match.drift;
        scoreDrop += match.scoreDrop;
        if (!match.paired()) continue;
        ++pairs;
        iouSum += match.iou;
        minIou = std::min(minIou, match.iou);
        const double difference = std::abs(match.scoreDifference);
        scoreDifferenceSum += difference;
        maxScoreDifference = std::max(maxScoreDifference, difference);
    }
}

}  // namespace qat
