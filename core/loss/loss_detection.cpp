// The loss of a batch in three sweeps: assign anchors, score every class logit, add the boxes of assigned anchors.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "loss/detection_loss.h"
#include "loss/known_gradient.h"
#include "loss/loss_assigner.h"
#include "loss/loss_boxes.h"
#include "loss/loss_maps.h"
#include "loss/loss_scores.h"

namespace qat {
namespace {

struct Terms {
    double box = 0, cls = 0, dfl = 0;
    void operator+=(const Terms& other) {
        box += other.box;
        cls += other.cls;
        dfl += other.dfl;
    }
};

struct LossAndGradient {
    DetectionLoss loss;
    std::vector<at::Tensor> gradient;  // of the total, one a map; empty if not wanted
};

class BatchLoss {
public:
    BatchLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets, const DetectionLossOptions& options,
              bool withGradient)
        : m_options(options), m_maps(maps, withGradient), m_batch(m_maps.images()) {
        const int64_t stride = options.strides.front();
        m_width = maps.front().size(3) * stride, m_height = maps.front().size(2) * stride;
        m_truths = boxesByImage(targets, m_batch, options.numClasses, m_width, m_height);
    }

    LossAndGradient run() {
        assign();
        Terms terms;
        terms.cls = sumBackground();
        terms += sumPositives();
        DetectionLoss loss;
        loss.box = m_options.boxGain * terms.box / m_scoreSum;
        loss.cls = m_options.clsGain * terms.cls / m_scoreSum;
        loss.dfl = m_options.dflGain * terms.dfl / m_scoreSum;
        // Beyond the range of float it is infinite, which the sentinel knows; a scalar of float would throw.
        const double total = (loss.box + loss.cls + loss.dfl) * static_cast<double>(m_batch);
        loss.total = at::scalar_tensor(total, at::kDouble).to(at::kFloat);
        return {std::move(loss), m_maps.takeGradients()};
    }

private:
    using Cell = LossMaps::Cell;

    std::vector<HeadView> headOf(int64_t image) const {
        std::vector<HeadView> levels;
        for (size_t level = 0; level < m_maps.levels(); ++level)
            levels.push_back({m_maps.at(level, image, 0).logits, m_maps.height(level), m_maps.width(level),
                              m_maps.channels(level), m_options.strides[level]});
        return levels;
    }

    double weightOf(int64_t classId) const {
        return m_options.classWeights.empty() ? 1.0 : m_options.classWeights[static_cast<size_t>(classId)];
    }

    // What a term is multiplied with in the total, of which gradients are taken.
    double scale(double gain) const { return gain * static_cast<double>(m_batch) / m_scoreSum; }

    void assign() {
        m_assignments.resize(static_cast<size_t>(m_batch));
        at::parallel_for(0, m_batch, 1, [&](int64_t begin, int64_t end) {
            for (int64_t image = begin; image < end; ++image)
                m_assignments[static_cast<size_t>(image)] =
                    assignAnchors(headOf(image), m_truths[static_cast<size_t>(image)], m_options);
        });
        double sum = 0;
        for (const Assignment& assignment : m_assignments) sum += assignment.scoreSum;
        m_scoreSum = sum < 1 ? 1 : sum;  // keeps not-a-number
    }

    // Class loss as if no anchor were assigned; fills the whole gradient, zeros in the distributions.
    double sumBackground() const {
        return m_maps.sumOverCells(0, m_maps.levels(), [this](size_t, const Cell& first, int64_t count) {
            return backgroundOf(first, count);
        });
    }

    double backgroundOf(const Cell& first, int64_t count) const {
        const int64_t bins = 4 * m_options.regMax, channels = bins + m_options.numClasses;
        if (first.gradient)
            for (int64_t cell = 0; cell < count; ++cell)
                std::memset(first.gradient + cell * channels, 0, static_cast<size_t>(bins) * sizeof(float));
        return backgroundLoss(first.logits + bins, count, m_options.numClasses, channels,
                              static_cast<float>(scale(m_options.clsGain)),
                              m_options.classWeights.empty() ? nullptr : m_options.classWeights.data(),
                              first.gradient ? first.gradient + bins : nullptr);
    }

    Terms sumPositives() const {
        std::vector<Terms> images(static_cast<size_t>(m_batch));
        at::parallel_for(0, m_batch, 1, [&](int64_t begin, int64_t end) {
            for (int64_t image = begin; image < end; ++image)
                for (const Positive& positive : m_assignments[static_cast<size_t>(image)].positives)
                    images[static_cast<size_t>(image)] += termsOf(image, positive);
        });
        Terms sum;
        for (const Terms& image : images) sum += image;
        return sum;
    }

    // What an assigned anchor adds to the background's terms; its gradient is added too.
    Terms termsOf(int64_t image, const Positive& positive) const {
        size_t level = 0;
        int64_t index = positive.anchor;
        for (; index >= m_maps.cells(level); ++level) index -= m_maps.cells(level);
        const Cell cell = m_maps.at(level, image, index);
        const TrueBox& truth = m_truths[static_cast<size_t>(image)][positive.truth];
        const int64_t width = m_maps.width(level);
        const double x = static_cast<double>(index % width) + 0.5, y = static_cast<double>(index / width) + 0.5;
        const auto stride = static_cast<double>(m_options.strides[level]);

        const Corners target{truth.x1 / stride, truth.y1 / stride, truth.x2 / stride, truth.y2 / stride};
        Terms terms = m_options.regMax == 1 ? plainTerms(cell, x, y, target, stride, positive.score)
                                            : boxTerms(cell, x, y, target, positive.score);
        const int64_t channel = 4 * m_options.regMax + truth.classId;
        const double score = weightOf(truth.classId) * positive.score;
        terms.cls = -static_cast<double>(cell.logits[channel]) * score;
        if (cell.gradient) cell.gradient[channel] -= static_cast<float>(scale(m_options.clsGain) * score);
        return terms;
    }

    // Box and distribution terms of the anchor with centre (x, y); all lengths in cells.
    Terms boxTerms(const Cell& cell, double x, double y, const Corners& target, double weight) const {
        const int64_t bins = m_options.regMax;
        std::array<SideDistribution, 4> sides;
        for (size_t i = 0; i < 4; ++i) sides[i] = readDistribution(cell.logits + static_cast<int64_t>(i) * bins, bins);
        const CompleteIou iou = completeIou(
            {x - sides[0].expected, y - sides[1].expected, x + sides[2].expected, y + sides[3].expected}, target);

        const Corners distances{x - target[0], y - target[1], target[2] - x, target[3] - y};
        Terms terms{.box = (1 - iou.value) * weight};
        for (size_t i = 0; i < 4; ++i) {
            const int64_t offset = static_cast<int64_t>(i) * bins;
            const double distance = std::clamp(distances[i], 0.0, static_cast<double>(bins - 1) - 0.01);
            float* gradient = cell.gradient ? cell.gradient + offset : nullptr;
            // The low corner moves against its distance; the loss goes against the overlap.
            const double slope = scale(m_options.boxGain) * weight * (i < 2 ? iou.gradient[i] : -iou.gradient[i]);
            if (gradient) addExpectedSlope(cell.logits + offset, bins, sides[i], slope, gradient);
            terms.dfl += weight / 4 *
                         focalLoss(cell.logits + offset, bins, sides[i], distance,
                                   scale(m_options.dflGain) * weight / 4, gradient);
        }
        return terms;
    }

    // The same where the map holds distances. The label's own may be negative: its anchor can lie beside it.
    Terms plainTerms(const Cell& cell, double x, double y, const Corners& target, double stride, double weight) const {
        const float* sides = cell.logits;
        const CompleteIou iou = completeIou({x - sides[0], y - sides[1], x + sides[2], y + sides[3]}, target);
        const Corners distances{x - target[0], y - target[1], target[2] - x, target[3] - y};
        Terms terms{.box = (1 - iou.value) * weight};
        for (size_t i = 0; i < 4; ++i) {
            const double share = stride / static_cast<double>(i % 2 == 0 ? m_width : m_height);
            const double difference = (sides[i] - distances[i]) * share;
            terms.dfl += weight / 4 * std::abs(difference);
            if (!cell.gradient) continue;
            const double overlapSlope = scale(m_options.boxGain) * (i < 2 ? iou.gradient[i] : -iou.gradient[i]);
            const double sign = difference > 0 ? 1.0 : difference < 0 ? -1.0 : 0.0;
            const double sideSlope = scale(m_options.dflGain) / 4 * sign * share;
            cell.gradient[i] += static_cast<float>(weight * (overlapSlope + sideSlope));
        }
        return terms;
    }

    const DetectionLossOptions& m_options;
    LossMaps m_maps;
    int64_t m_batch;
    int64_t m_width = 0, m_height = 0;  // of the input
    std::vector<std::vector<TrueBox>> m_truths;
    std::vector<Assignment> m_assignments;
    double m_scoreSum = 1;  // of all target scores, at least 1
};

void checkMaps(const std::vector<at::Tensor>& maps, const DetectionLossOptions& options) {
    ensure(!maps.empty() && maps.size() == options.strides.size(), "one head map a stride");
    ensure(options.regMax >= 1 && options.numClasses >= 1 && options.topk >= 1 && options.topk2 >= 0, "loss options");
    ensure(options.classWeights.empty() || static_cast<int64_t>(options.classWeights.size()) == options.numClasses,
           "one weight a class");
    for (const at::Tensor& map : maps) {
        ensure(map.dim() == 4 && map.numel() > 0 && map.size(0) == maps.front().size(0), "shape of the head map");
        ensure(map.size(1) == 4 * options.regMax + options.numClasses, "channels of the head map");
        ensure(map.scalar_type() == at::kFloat, "type of the head map");
    }
}

}  // namespace

DetectionLoss detectionLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets,
                            const DetectionLossOptions& options) {
    checkMaps(maps, options);
    const bool wanted = wantsGradient(maps);
    LossAndGradient result = BatchLoss(maps, targets, options, wanted).run();
    if (wanted) result.loss.total = withGradient(result.loss.total, maps, std::move(result.gradient));
    return result.loss;
}

}  // namespace qat
