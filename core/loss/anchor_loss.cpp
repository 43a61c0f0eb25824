// The loss of a batch, map by map: objectness of all anchors against 0, then what the matches add.
#include "loss/anchor_loss.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "loss/anchor_matches.h"
#include "loss/known_gradient.h"
#include "loss/loss_boxes.h"
#include "loss/loss_maps.h"
#include "loss/loss_scores.h"

namespace qat {
namespace {

constexpr int64_t kBeforeClasses = 5;  // channels of an anchor: box and objectness
constexpr int64_t kObjectness = 4;

double logistic(double x) {
    return 1 / (1 + std::exp(-x));
}

// A predicted box in cells from the corner of its cell, and the slopes by its four logits.
struct Prediction {
    Corners corners{};
    std::array<double, 2> centreSlope{}, sizeSlope{};  // of x and y

    Prediction(const float* logits, const AnchorShape& anchor) {
        for (size_t axis = 0; axis < 2; ++axis) {
            const double place = logistic(logits[axis]), size = logistic(logits[axis + 2]);
            const double shape = axis == 0 ? anchor.width : anchor.height;
            const double centre = 2 * place - 0.5, length = 4 * size * size * shape;
            corners[axis] = centre - length / 2, corners[axis + 2] = centre + length / 2;
            centreSlope[axis] = 2 * place * (1 - place), sizeSlope[axis] = 2 * length * (1 - size);
        }
    }

    // Adds scale x the gradient of a function of the corners.
    void addSlopes(const Corners& byCorner, double scale, float* gradient) const {
        for (size_t axis = 0; axis < 2; ++axis) {
            const double byCentre = byCorner[axis] + byCorner[axis + 2];
            const double byLength = (byCorner[axis + 2] - byCorner[axis]) / 2;
            gradient[axis] += static_cast<float>(scale * byCentre * centreSlope[axis]);
            gradient[axis + 2] += static_cast<float>(scale * byLength * sizeSlope[axis]);
        }
    }
};

struct LossAndSlopes {
    AnchorLossValue loss;
    std::vector<at::Tensor> gradient;  // of the total, one a map; empty if not wanted
};

class AnchorBatch {
public:
    AnchorBatch(const std::vector<at::Tensor>& maps, const at::Tensor& targets, const AnchorLossOptions& options,
                bool withGradient)
        : m_options(options),
          m_maps(maps, withGradient),
          m_labels(labelsByImage(targets, m_maps.images(), options.numClasses)),
          m_anchors(options.anchors.size() / 2 / m_maps.levels()),
          m_step(kBeforeClasses + options.numClasses) {
        const double share = 3 / static_cast<double>(m_maps.levels());
        const auto stride = static_cast<double>(options.strides.front());
        const double area = static_cast<double>(m_maps.cells(0)) * stride * stride / (640.0 * 640.0);
        m_boxGain = options.boxGain * share;
        m_objGain = options.objGain * share * area;
        m_clsGain = options.clsGain * share * static_cast<double>(options.numClasses) / 80;
    }

    LossAndSlopes run() {
        AnchorLossValue loss;
        for (size_t level = 0; level < m_maps.levels(); ++level) {
            const Sums sums = ofLevel(level);
            loss.box += m_boxGain * sums.box, loss.obj += m_objGain * sums.obj, loss.cls += m_clsGain * sums.cls;
        }
        const double total = (loss.box + loss.obj + loss.cls) * batch();
        loss.total = at::scalar_tensor(total, at::kDouble).to(at::kFloat);
        return {std::move(loss), m_maps.takeGradients()};
    }

private:
    using Cell = LossMaps::Cell;
    struct Sums {
        double box = 0, obj = 0, cls = 0;
    };

    double batch() const { return static_cast<double>(m_maps.images()); }

    double balance(size_t level) const {
        constexpr std::array kThree{4.0, 1.0, 0.4};
        constexpr std::array kOthers{4.0, 1.0, 0.25, 0.06, 0.02};
        return m_maps.levels() == kThree.size() ? kThree[level] : kOthers[std::min(level, kOthers.size() - 1)];
    }

    std::vector<AnchorShape> shapes(size_t level) const {
        const auto stride = static_cast<float>(m_options.strides[level]);
        std::vector<AnchorShape> all;
        for (size_t i = level * m_anchors; i < (level + 1) * m_anchors; ++i)
            all.push_back({m_options.anchors[2 * i] / stride, m_options.anchors[2 * i + 1] / stride});
        return all;
    }

    // The terms of a map before their gains.
    Sums ofLevel(size_t level) {
        const std::vector<AnchorShape> anchors = shapes(level);
        std::vector<std::vector<AnchorMatch>> matches;
        size_t count = 0;
        for (const std::vector<Label>& labels : m_labels) {
            matches.push_back(matchAnchors(labels, anchors, m_maps.width(level), m_maps.height(level)));
            count += matches.back().size();
        }
        const double all = batch() * static_cast<double>(m_maps.cells(level)) * static_cast<double>(m_anchors);
        m_objScale = balance(level) / all;
        m_matchScale = 1 / static_cast<double>(std::max<size_t>(count, 1));
        Sums sums{.obj = sumBackground(level)};
        std::vector<Sums> images(m_labels.size());
        at::parallel_for(0, m_maps.images(), 1, [&](int64_t begin, int64_t end) {
            for (auto image = static_cast<size_t>(begin); image < static_cast<size_t>(end); ++image)
                images[image] = ofImage(level, image, anchors, matches[image]);
        });
        for (const Sums& image : images) sums.box += image.box, sums.obj += image.obj, sums.cls += image.cls;
        return {sums.box * m_matchScale, sums.obj * m_objScale,
                sums.cls * m_matchScale / static_cast<double>(m_options.numClasses)};
    }

    // Objectness as if nothing were matched; fills the whole gradient, zeros elsewhere.
    double sumBackground(size_t level) const {
        const auto scale = static_cast<float>(m_objGain * m_objScale * batch());
        return m_maps.sumOverCells(level, level + 1, [&](size_t, const Cell& first, int64_t count) {
            const int64_t rows = count * static_cast<int64_t>(m_anchors);
            if (first.gradient) std::memset(first.gradient, 0, static_cast<size_t>(rows * m_step) * sizeof(float));
            return backgroundLoss(first.logits + kObjectness, rows, 1, m_step, scale, nullptr,
                                  first.gradient ? first.gradient + kObjectness : nullptr);
        });
    }

    // What the matches of an image add. An anchor that is matched twice has the target of its last match.
    Sums ofImage(size_t level, size_t image, const std::vector<AnchorShape>& anchors,
                 const std::vector<AnchorMatch>& matches) const {
        Sums sums;
        if (matches.empty()) return sums;
        std::vector<double> targets(static_cast<size_t>(m_maps.cells(level)) * m_anchors);
        std::vector<float> slopes(static_cast<size_t>(m_options.numClasses));
        for (const AnchorMatch& match : matches) {
            const size_t place = placeOf(level, match);
            const Cell anchor = anchorAt(level, image, place);
            const Label& label = m_labels[image][match.label];
            const double overlap = addBox(anchor, anchors[match.anchor], targetOf(level, match, label));
            sums.box += 1 - overlap;
            targets[place] = std::max(overlap, 0.0);
            if (m_options.numClasses > 1) sums.cls += addClasses(anchor, label.classId, slopes);
        }
        for (const AnchorMatch& match : matches) {
            const size_t place = placeOf(level, match);
            sums.obj += addObjectness(anchorAt(level, image, place), targets[place]);
            targets[place] = 0;  // once an anchor
        }
        return sums;
    }

    // Of all anchors of a map's image.
    size_t placeOf(size_t level, const AnchorMatch& match) const {
        return static_cast<size_t>(match.row * m_maps.width(level) + match.column) * m_anchors + match.anchor;
    }

    Cell anchorAt(size_t level, size_t image, size_t place) const {
        const Cell first = m_maps.at(level, static_cast<int64_t>(image), 0);
        const auto offset = static_cast<int64_t>(place) * m_step;
        return {first.logits + offset, first.gradient ? first.gradient + offset : nullptr};
    }

    // The label's corners in cells from the corner of the match's cell.
    Corners targetOf(size_t level, const AnchorMatch& match, const Label& label) const {
        const auto width = static_cast<float>(m_maps.width(level)), height = static_cast<float>(m_maps.height(level));
        const double x = static_cast<double>(label.x * width) - static_cast<double>(match.column);
        const double y = static_cast<double>(label.y * height) - static_cast<double>(match.row);
        const double halfWidth = label.w * width / 2, halfHeight = label.h * height / 2;
        return {x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight};
    }

    // Returns the complete IoU of a match.
    double addBox(const Cell& anchor, const AnchorShape& shape, const Corners& target) const {
        const Prediction predicted(anchor.logits, shape);
        const CompleteIou iou = completeIou(predicted.corners, target);
        if (anchor.gradient) predicted.addSlopes(iou.gradient, -m_boxGain * m_matchScale * batch(), anchor.gradient);
        return iou.value;
    }

    // slopes: room for one a class.
    double addClasses(const Cell& anchor, int64_t classId, std::vector<float>& slopes) const {
        const std::vector<float>& weights = m_options.classWeights;
        const double weight = weights.empty() ? 1.0 : weights[static_cast<size_t>(classId)];
        const double scale = m_clsGain * m_matchScale * batch() / static_cast<double>(m_options.numClasses);
        const float* logits = anchor.logits + kBeforeClasses;
        const double background =
            backgroundLoss(logits, 1, m_options.numClasses, m_options.numClasses, static_cast<float>(scale),
                           weights.empty() ? nullptr : weights.data(), anchor.gradient ? slopes.data() : nullptr);
        if (anchor.gradient) {
            slopes[static_cast<size_t>(classId)] -= static_cast<float>(scale * weight);
            for (size_t c = 0; c < slopes.size(); ++c)
                anchor.gradient[kBeforeClasses + static_cast<int64_t>(c)] += slopes[c];
        }
        return background - weight * logits[classId];
    }

    double addObjectness(const Cell& anchor, double target) const {
        if (anchor.gradient)
            anchor.gradient[kObjectness] -= static_cast<float>(m_objGain * m_objScale * batch() * target);
        return -target * anchor.logits[kObjectness];
    }

    const AnchorLossOptions& m_options;
    LossMaps m_maps;
    std::vector<std::vector<Label>> m_labels;
    size_t m_anchors;  // of a map
    int64_t m_step;    // channels of an anchor
    double m_boxGain, m_objGain, m_clsGain;
    double m_objScale = 0, m_matchScale = 0;  // of the map at hand
};

void checkAnchorMaps(const std::vector<at::Tensor>& maps, const AnchorLossOptions& options) {
    ensure(!maps.empty() && maps.size() == options.strides.size(), "one head map a stride");
    const size_t anchors = options.anchors.size() / 2 / maps.size();
    ensure(anchors > 0 && options.anchors.size() == 2 * anchors * maps.size(), "as many anchors for every map");
    ensure(options.classWeights.empty() || static_cast<int64_t>(options.classWeights.size()) == options.numClasses,
           "one weight a class");
    for (const at::Tensor& map : maps) {
        ensure(map.dim() == 4 && map.numel() > 0 && map.size(0) == maps.front().size(0), "shape of the head map");
        ensure(map.size(1) == static_cast<int64_t>(anchors) * (kBeforeClasses + options.numClasses),
               "channels of the head map");
        ensure(map.scalar_type() == at::kFloat, "type of the head map");
    }
}

}  // namespace

AnchorLossValue anchorLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets,
                           const AnchorLossOptions& options) {
    checkAnchorMaps(maps, options);
    const bool wanted = wantsGradient(maps);
    LossAndSlopes result = AnchorBatch(maps, targets, options, wanted).run();
    if (wanted) result.loss.total = withGradient(result.loss.total, maps, std::move(result.gradient));
    return result.loss;
}

LossValue AnchorLoss::of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const {
    AnchorLossValue loss = anchorLoss(outputs, targets, m_options);
    return {std::move(loss.total), {{"box", loss.box}, {"obj", loss.obj}, {"cls", loss.cls}}};
}

std::vector<std::string> AnchorLoss::settings() const {
    std::vector<std::string> sentences{str("loss gains: box ", m_options.boxGain, ", obj ", m_options.objGain, ", cls ",
                                           m_options.clsGain,
                                           ", as YOLOv5 means them (for 3 maps, 80 classes and 640 x 640 pixels)")};
    if (const auto weights = sentenceOf(m_options.classWeights)) sentences.push_back(*weights);
    return sentences;
}

}  // namespace qat
