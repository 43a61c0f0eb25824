// Matching of detections to labels, ranking per class, and the means.
#include "eval/metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace qat {

namespace {

// linspace(0.5, 0.95, 10) in float32, counted from both ends.
constexpr std::array<float, kIouLevels> kLevels = [] {
    std::array<float, kIouLevels> levels{};
    constexpr float start = 0.5f, end = 0.95f, step = (end - start) / 9;
    for (size_t i = 0; i < kIouLevels; ++i)
        levels[i] = i < kIouLevels / 2 ? start + step * static_cast<float>(i) : end - step * static_cast<float>(9 - i);
    return levels;
}();

// Float32 with 1e-7 in the denominator: the reference's arithmetic, so that borderline pairs fall on its side.
float labelIou(const Box& label, const Box& box) {
    const float width = std::max(std::min(label[2], box[2]) - std::max(label[0], box[0]), 0.0f);
    const float height = std::max(std::min(label[3], box[3]) - std::max(label[1], box[1]), 0.0f);
    const float intersection = width * height;
    const float labelArea = (label[2] - label[0]) * (label[3] - label[1]);
    const float boxArea = (box[2] - box[0]) * (box[3] - box[1]);
    return intersection / (labelArea + boxArea - intersection + 1e-7f);
}

// Bits of the levels that an IoU reaches.
uint16_t levelsReached(float iou) {
    uint16_t bits = 0;
    for (size_t t = 0; t < kIouLevels; ++t) bits |= static_cast<uint16_t>((iou >= kLevels[t]) << t);
    return bits;
}

void checkClass(int classIndex, int numClasses, const char* what) {
    require(classIndex >= 0 && classIndex < numClasses, ErrorKind::BadInput, what, " class ", classIndex,
            " is outside 0..", numClasses - 1);
}

// The detections that count, best first; equal scores keep their order.
std::vector<Detection> ranked(std::span<const Detection> detections) {
    std::vector<Detection> result;
    result.reserve(detections.size());
    std::copy_if(detections.begin(), detections.end(), std::back_inserter(result),
                 [](const Detection& detection) { return std::isfinite(detection.score); });
    const auto better = [](const Detection& a, const Detection& b) { return a.score > b.score; };
    if (!std::is_sorted(result.begin(), result.end(), better)) std::stable_sort(result.begin(), result.end(), better);
    return result;
}

ClassMetrics classMetrics(int classIndex, const RankedClass& ranked) {
    ClassMetrics metrics;
    metrics.classIndex = classIndex;
    metrics.labels = ranked.labels;
    metrics.apAtIou = averagePrecision(ranked);
    metrics.ap50 = metrics.apAtIou[0];
    metrics.ap75 = metrics.apAtIou[5];
    metrics.ap = std::accumulate(metrics.apAtIou.begin(), metrics.apAtIou.end(), 0.0) / kIouLevels;
    return metrics;
}

void fillMeans(DetectionMetrics& metrics) {
    if (metrics.classes.empty()) return;
    const auto mean = [&](double ClassMetrics::*value) {
        double sum = 0;
        for (const ClassMetrics& c : metrics.classes) sum += c.*value;
        return sum / static_cast<double>(metrics.classes.size());
    };
    metrics.precision = mean(&ClassMetrics::precision);
    metrics.recall = mean(&ClassMetrics::recall);
    metrics.map50 = mean(&ClassMetrics::ap50);
    metrics.map75 = mean(&ClassMetrics::ap75);
    metrics.map = mean(&ClassMetrics::ap);
}

}  // namespace

std::vector<uint16_t> matchToLabels(std::span<const Detection> detections, std::span<const LabelBox> labels) {
    std::vector<uint16_t> hits(detections.size()), taken(labels.size());
    for (size_t d = 0; d < detections.size(); ++d) {
        float best = 0;
        size_t bestLabel = 0;
        for (size_t l = 0; l < labels.size(); ++l) {
            if (labels[l].classIndex != detections[d].classIndex) continue;
            const float iou = labelIou(labels[l].box, detections[d].box);
            if (iou >= best) {
                best = iou;
                bestLabel = l;
            }
        }
        if (best < kLevels[0]) continue;
        hits[d] = levelsReached(best) & static_cast<uint16_t>(~taken[bestLabel]);
        taken[bestLabel] |= hits[d];
    }
    return hits;
}

MetricsAccumulator::MetricsAccumulator(int numClasses) : m_numClasses(numClasses) {
    ensure(numClasses >= 0, "number of classes");
    for (auto* counts : {&m_labels, &m_imagesWith, &m_lastImage}) counts->resize(static_cast<size_t>(numClasses));
}

void MetricsAccumulator::countLabels(std::span<const LabelBox> labels) {
    for (const LabelBox& label : labels) {
        const auto c = static_cast<size_t>(label.classIndex);
        ++m_labels[c];
        if (m_lastImage[c] != m_images) ++m_imagesWith[c];
        m_lastImage[c] = m_images;
    }
}

void MetricsAccumulator::add(std::span<const Detection> detections, std::span<const LabelBox> labels) {
    for (const Detection& detection : detections) checkClass(detection.classIndex, m_numClasses, "detection");
    for (const LabelBox& label : labels) checkClass(label.classIndex, m_numClasses, "label");
    ++m_images;
    countLabels(labels);
    const std::vector<Detection> counted = ranked(detections);
    const std::vector<uint16_t> hits = matchToLabels(counted, labels);
    for (size_t i = 0; i < counted.size(); ++i) m_scored.push_back({counted[i].score, counted[i].classIndex, hits[i]});
}

std::vector<RankedClass> MetricsAccumulator::rankByClass() const {
    std::vector<RankedClass> classes(static_cast<size_t>(m_numClasses));
    std::vector<std::vector<uint32_t>> members(classes.size());
    for (size_t i = 0; i < m_scored.size(); ++i)
        members[static_cast<size_t>(m_scored[i].classIndex)].push_back(static_cast<uint32_t>(i));
    for (size_t c = 0; c < classes.size(); ++c) {
        classes[c].labels = m_labels[c];
        if (m_labels[c] == 0) continue;
        std::stable_sort(members[c].begin(), members[c].end(),
                         [&](uint32_t a, uint32_t b) { return m_scored[a].score > m_scored[b].score; });
        for (const uint32_t i : members[c]) {
            classes[c].scores.push_back(m_scored[i].score);
            classes[c].hits.push_back(m_scored[i].hits);
        }
    }
    return classes;
}

DetectionMetrics MetricsAccumulator::result() const {
    DetectionMetrics metrics;
    metrics.images = m_images;
    std::vector<ConfidenceCurves> curves;
    const std::vector<RankedClass> classes = rankByClass();
    for (size_t c = 0; c < classes.size(); ++c) {
        if (classes[c].labels == 0) continue;
        metrics.classes.push_back(classMetrics(static_cast<int>(c), classes[c]));
        metrics.classes.back().images = m_imagesWith[c];
        metrics.labels += classes[c].labels;
        curves.push_back(confidenceCurves(classes[c]));
    }
    const size_t point = bestConfidence(curves);
    if (const double f1 = meanF1(curves, point); f1 > 0)
        metrics.f1 = f1, metrics.confidence = static_cast<double>(point) / (ConfidenceCurves::kPoints - 1);
    for (size_t i = 0; i < curves.size(); ++i) {
        metrics.classes[i].precision = curves[i].precision[point];
        metrics.classes[i].recall = curves[i].recall[point];
    }
    fillMeans(metrics);
    return metrics;
}

DetectionMetrics ultralyticsMetrics(std::span<const EvaluatedImage> images, int numClasses) {
    MetricsAccumulator accumulator(numClasses);
    for (const EvaluatedImage& image : images) accumulator.add(image.detections, image.labels);
    return accumulator.result();
}

}  // namespace qat
