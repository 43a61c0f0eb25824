// Adapts a run's boxes to the core's matching and orders what comes back.
#include "compare/comparison.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

namespace qat::ui {
namespace {

// Boxes of a side at or above its threshold, with the way back to their places.
struct Side {
    std::vector<Detection> detections;
    std::vector<int> places;

    Side(const QVector<RunBox>& boxes, double threshold) {
        for (int i = 0; i < boxes.size(); ++i)
            if (boxes[i].score >= threshold) {
                detections.push_back({corners(boxes[i].box), static_cast<float>(boxes[i].score), boxes[i].classIndex});
                places.push_back(i);
            }
    }
    int place(int index) const { return index < 0 ? -1 : places[static_cast<size_t>(index)]; }

    static Box corners(const QRectF& box) {
        return {static_cast<float>(box.left()), static_cast<float>(box.top()), static_cast<float>(box.right()),
                static_cast<float>(box.bottom())};
    }
};

// Worst first: what a person looks for comes before what is fine.
int severity(const ObjectRow& row) {
    switch (row.transition) {
        case Transition::Lost:
            return 0;
        case Transition::ClassFlip:
            return 1;
        case Transition::NewFalseAlarm:
            return 2;
        case Transition::Gained:
            return 3;
        case Transition::Kept:
            return row.scoreDrop ? 4 : row.drift ? 5 : 6;
        case Transition::FalseAlarmGone:
            return 7;
        case Transition::FalseAlarmInBoth:
            return 8;
        case Transition::MissedByBoth:
            return 9;
    }
    return 9;
}

}  // namespace

bool ImageComparison::changed() const {
    return count(Transition::Lost) + count(Transition::Gained) + count(Transition::ClassFlip) +
               count(Transition::NewFalseAlarm) + count(Transition::FalseAlarmGone) >
           0;
}

ImageComparison compareImage(const RunImage& image, const Thresholds& thresholds) {
    const Side fp32(image.fp32, thresholds.fp32), quantized(image.quantized, thresholds.quantized);
    std::vector<LabelBox> labels;
    for (const RunBox& label : image.labels) labels.push_back({Side::corners(label.box), label.classIndex});
    MatchOptions options;
    options.minScore = 0;  // each side was cut at its own threshold
    const std::vector<ObjectMatch> matches =
        labels.empty() ? matchDetections(fp32.detections, quantized.detections, options)
                       : matchDetections(fp32.detections, quantized.detections, labels, options);
    ImageComparison result;
    result.fp32Boxes = static_cast<int>(fp32.detections.size());
    result.quantizedBoxes = static_cast<int>(quantized.detections.size());
    for (const ObjectMatch& match : matches) {
        result.objects.push_back({match.transition, fp32.place(match.fp32), quantized.place(match.quantized),
                                  match.label, match.iou, match.drift, match.scoreDrop});
        ++result.counts[static_cast<size_t>(match.transition)];
        if (!match.paired()) continue;
        ++result.pairs;
        result.scoreChange += match.scoreDifference;
    }
    if (result.pairs > 0) result.scoreChange /= result.pairs;
    std::stable_sort(result.objects.begin(), result.objects.end(),
                     [](const ObjectRow& a, const ObjectRow& b) { return severity(a) < severity(b); });
    return result;
}

RunComparison compareRun(std::shared_ptr<const std::vector<RunImage>> images, const Thresholds& thresholds) {
    RunComparison run;
    run.images = std::move(images);
    run.results.reserve(run.images->size());
    for (const RunImage& image : *run.images) {
        run.results.push_back(compareImage(image, thresholds));
        run.labels += image.labels.size();
        for (size_t i = 0; i < kTransitions; ++i) run.counts[i] += run.results.back().counts[i];
        for (const ObjectRow& row : run.results.back().objects) {
            run.drift += row.drift;
            run.scoreDrop += row.scoreDrop;
        }
    }
    return run;
}

double RunComparison::recall(bool quantized) const {
    if (labels == 0) return std::nan("");
    const int64_t other =
        quantized ? count(Transition::Gained) : count(Transition::Lost) + count(Transition::ClassFlip);
    return static_cast<double>(count(Transition::Kept) + other) / static_cast<double>(labels);
}

double RunComparison::falseAlarmsPerImage(bool quantized) const {
    if (labels == 0 || results.empty()) return std::nan("");
    const int64_t own = count(quantized ? Transition::NewFalseAlarm : Transition::FalseAlarmGone);
    return static_cast<double>(own + count(Transition::FalseAlarmInBoth)) / static_cast<double>(results.size());
}

std::vector<int> scoreHistogram(const std::vector<RunImage>& images, bool quantized) {
    constexpr int kBins = 50;
    std::vector<int> bins(kBins, 0);
    for (const RunImage& image : images)
        for (const RunBox& box : quantized ? image.quantized : image.fp32)
            ++bins[static_cast<size_t>(std::clamp(static_cast<int>(box.score * kBins), 0, kBins - 1))];
    return bins;
}

TransitionLook transitionLook(Transition transition, bool withLabels) {
    using Tone = TransitionLook::Tone;
    const auto words = [](const char* text) { return QCoreApplication::translate("Transition", text); };
    const auto icon = [](const char* name) { return QString::fromLatin1(name); };
    switch (transition) {
        case Transition::Kept:
            return {icon("kept"), words(withLabels ? "Kept" : "Agrees"), Tone::Neutral};
        case Transition::Lost:
            return {icon("lost"), words(withLabels ? "Lost" : "Missed by quantized"), Tone::Lost};
        case Transition::Gained:
            return {icon("gained"), words(withLabels ? "Gained" : "Extra"), Tone::Gained};
        case Transition::ClassFlip:
            return {icon("flip"), words("Class flip"), Tone::Flip};
        case Transition::MissedByBoth:
            return {icon("missed"), words("Missed by both"), Tone::Neutral};
        case Transition::NewFalseAlarm:
            return {icon("alarm-new"), words("New false alarm"), Tone::New};
        case Transition::FalseAlarmGone:
            return {icon("gone"), words("False alarm gone"), Tone::Neutral};
        case Transition::FalseAlarmInBoth:
            return {icon("kept"), words("No label, in both"), Tone::Neutral};
    }
    return {};
}

}  // namespace qat::ui
