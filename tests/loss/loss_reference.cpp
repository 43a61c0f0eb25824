// Written from the definitions, step by step, with no thought of speed.
#include "loss/loss_reference.h"

#include <ATen/ATen.h>

namespace qat::test {
namespace {

struct Anchors {
    at::Tensor points;   // [A, 2] centres in cells
    at::Tensor strides;  // [A, 1]
    at::Tensor sides;    // [N, A, 4, bins] logits
    at::Tensor classes;  // [N, A, C] logits
};

Anchors flatten(const std::vector<at::Tensor>& maps, const DetectionLossOptions& options) {
    std::vector<at::Tensor> points, strides, rows;
    for (size_t level = 0; level < maps.size(); ++level) {
        const int64_t height = maps[level].size(2), width = maps[level].size(3);
        const at::Tensor y = (at::arange(height, at::kFloat) + 0.5).view({height, 1}).expand({height, width});
        const at::Tensor x = (at::arange(width, at::kFloat) + 0.5).view({1, width}).expand({height, width});
        points.push_back(at::stack({x, y}, -1).reshape({-1, 2}));
        strides.push_back(at::full({height * width, 1}, options.strides[level], at::kFloat));
        rows.push_back(maps[level].flatten(2).permute({0, 2, 1}));
    }
    const at::Tensor all = at::cat(rows, 1);
    const int64_t bins = 4 * options.regMax;
    return {at::cat(points), at::cat(strides),
            all.narrow(2, 0, bins).reshape({all.size(0), all.size(1), 4, options.regMax}),
            all.narrow(2, bins, options.numClasses)};
}

// Predicted corners [N, A, 4] in cells.
at::Tensor decode(const Anchors& anchors) {
    at::Tensor distances = anchors.sides.squeeze(3);
    if (anchors.sides.size(3) > 1)
        distances = (anchors.sides.softmax(3) * at::arange(anchors.sides.size(3), anchors.sides.options())).sum(3);
    const at::Tensor points = anchors.points.unsqueeze(0);
    return at::cat({points - distances.narrow(2, 0, 2), points + distances.narrow(2, 2, 2)}, 2);
}

// Corners in pixels [G, 4] and classes [G] of one image.
std::pair<at::Tensor, at::Tensor> labelsOf(const at::Tensor& targets, int64_t image, double width, double height) {
    const at::Tensor rows = targets.index_select(0, at::nonzero(targets.select(1, 0) == image).flatten());
    const at::Tensor scaled = rows.narrow(1, 2, 4) * at::tensor({width, height, width, height}, at::kFloat);
    const at::Tensor centre = scaled.narrow(1, 0, 2), half = scaled.narrow(1, 2, 2) / 2;
    return {at::cat({centre - half, centre + half}, 1), rows.select(1, 1).to(at::kLong)};
}

// The boxes in which centres count as inside: small ones are enlarged.
at::Tensor regionsOf(const at::Tensor& truths, const DetectionLossOptions& options) {
    if (!options.enlargesSmall) return truths;
    const at::Tensor centre = (truths.narrow(1, 0, 2) + truths.narrow(1, 2, 2)) / 2;
    const at::Tensor size = truths.narrow(1, 2, 2) - truths.narrow(1, 0, 2);
    const at::Tensor small = (size < options.strides.at(0)).repeat({1, 2});
    const double half = static_cast<double>(options.strides.at(1)) / 2;
    return at::where(small, at::cat({centre - half, centre + half}, 1), truths);
}

struct Assigned {
    at::Tensor foreground;  // [A] bool
    at::Tensor boxes;       // [A, 4] pixels
    at::Tensor scores;      // [A, C]
};

Assigned assign(const at::Tensor& scores, const at::Tensor& boxes, const at::Tensor& centres, const at::Tensor& truths,
                const at::Tensor& classes, const DetectionLossOptions& options) {
    const int64_t anchors = scores.size(0), labels = truths.size(0);
    if (labels == 0)
        return {at::zeros({anchors}, at::kBool), at::zeros({anchors, 4}), at::zeros({anchors, scores.size(1)})};
    // 1. inside
    const at::Tensor centre = centres.unsqueeze(0), regions = regionsOf(truths, options);
    const at::Tensor deltas =
        at::cat({centre - regions.narrow(1, 0, 2).unsqueeze(1), regions.narrow(1, 2, 2).unsqueeze(1) - centre}, -1);
    const at::Tensor real = truths.sum(1, true) > 0;
    const at::Tensor inside = ((std::get<0>(deltas.min(-1)) > 1e-9) & real).to(at::kFloat);
    // 2. overlap and alignment [G, A]
    const at::Tensor overlap = referenceIou(boxes.unsqueeze(0), truths.unsqueeze(1)).clamp_min(0) * inside;
    const at::Tensor align =
        scores.index_select(1, classes).t().pow(options.alpha) * overlap.pow(options.beta) * inside;
    // 3. top k of all anchors
    const at::Tensor order = std::get<1>(align.sort(/*stable=*/true, 1, /*descending=*/true));
    const at::Tensor best = order.narrow(1, 0, std::min<int64_t>(options.topk, anchors));
    at::Tensor positive = at::zeros_like(align).scatter(1, best, 1.0) * inside;
    // 4. one label an anchor
    const at::Tensor crowded = (positive.sum(0, true) > 1);
    const at::Tensor rank = at::arange(labels, at::kLong).view({labels, 1});
    const at::Tensor isMost = overlap == std::get<0>(overlap.max(0, true));
    const at::Tensor firstMost = std::get<0>(at::where(isMost, rank, at::full({}, labels, at::kLong)).min(0, true));
    positive = at::where(crowded, (rank == firstMost).to(at::kFloat), positive);
    if (options.topk2 > 0) {
        const at::Tensor ranked = std::get<1>((align * positive).sort(/*stable=*/true, 1, /*descending=*/true));
        positive = positive * at::zeros_like(align).scatter(1, ranked.narrow(1, 0, options.topk2), 1.0);
    }
    // 5. targets
    const at::Tensor owner = positive.argmax(0);
    const at::Tensor kept = align * positive;
    const at::Tensor peakAlign = std::get<0>(kept.max(1, true)),
                     peakOverlap = std::get<0>((overlap * positive).max(1, true));
    const at::Tensor norm = std::get<0>((kept * peakOverlap / (peakAlign + 1e-9)).max(0));
    const at::Tensor foreground = positive.sum(0) > 0;
    const at::Tensor oneHot =
        at::one_hot(classes.index_select(0, owner), scores.size(1)).to(at::kFloat) * foreground.unsqueeze(1);
    return {foreground, truths.index_select(0, owner), oneHot * norm.unsqueeze(1)};
}

}  // namespace

at::Tensor referenceIou(const at::Tensor& predicted, const at::Tensor& target) {
    constexpr double eps = 1e-7, pi = 3.14159265358979323846;
    const auto x1 = predicted.select(-1, 0), y1 = predicted.select(-1, 1), x2 = predicted.select(-1, 2),
               y2 = predicted.select(-1, 3);
    const auto tx1 = target.select(-1, 0), ty1 = target.select(-1, 1), tx2 = target.select(-1, 2),
               ty2 = target.select(-1, 3);
    const auto w = x2 - x1, h = y2 - y1 + eps, tw = tx2 - tx1, th = ty2 - ty1 + eps;
    const auto inter = (at::minimum(x2, tx2) - at::maximum(x1, tx1)).clamp_min(0) *
                       (at::minimum(y2, ty2) - at::maximum(y1, ty1)).clamp_min(0);
    const auto iou = inter / (w * h + tw * th - inter + eps);
    const auto cw = at::maximum(x2, tx2) - at::minimum(x1, tx1), ch = at::maximum(y2, ty2) - at::minimum(y1, ty1);
    const auto distance = ((tx1 + tx2 - x1 - x2).pow(2) + (ty1 + ty2 - y1 - y2).pow(2)) / 4;
    const auto v = 4 / (pi * pi) * ((tw / th).atan() - (w / h).atan()).pow(2);
    const auto weight = (v / (v - iou + (1 + eps))).detach();
    return iou - (distance / (cw * cw + ch * ch + eps) + v * weight);
}

at::Tensor referenceFocal(const at::Tensor& logits, const at::Tensor& distance) {
    const at::Tensor low = distance.floor(), high = low + 1;
    const at::Tensor logs = -logits.log_softmax(1);
    const auto entropy = [&](const at::Tensor& bin) {
        return logs.gather(1, bin.to(at::kLong).unsqueeze(1)).squeeze(1);
    };
    return entropy(low) * (high - distance) + entropy(high) * (distance - low);
}

DetectionLoss referenceLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets,
                            const DetectionLossOptions& options) {
    const int64_t images = maps[0].size(0), bins = options.regMax;
    const double width = static_cast<double>(maps[0].size(3) * options.strides[0]);
    const double height = static_cast<double>(maps[0].size(2) * options.strides[0]);
    std::vector<at::Tensor> foreground, truths, scores;
    {
        const at::NoGradGuard noGrad;  // the assignment: in float, as ties are decided by its rounding
        const Anchors anchors = flatten(maps, options);
        const at::Tensor boxes = decode(anchors) * anchors.strides;
        for (int64_t image = 0; image < images; ++image) {
            const auto [corners, classes] = labelsOf(targets, image, width, height);
            const Assigned assigned = assign(anchors.classes[image].sigmoid(), boxes[image],
                                             anchors.points * anchors.strides, corners, classes, options);
            foreground.push_back(assigned.foreground);
            truths.push_back(assigned.boxes / anchors.strides);
            scores.push_back(assigned.scores);
        }
    }
    std::vector<at::Tensor> precise;
    for (const at::Tensor& map : maps) precise.push_back(map.to(at::kDouble));
    const Anchors anchors = flatten(precise, options);
    const at::Tensor score = at::stack(scores);
    const at::Tensor total = score.sum(at::kDouble).clamp_min(1);
    at::Tensor entropy = at::softplus(anchors.classes, 1, 40) - anchors.classes * score;
    if (!options.classWeights.empty()) entropy = entropy * at::tensor(options.classWeights);

    const at::Tensor chosen = at::nonzero(at::stack(foreground).flatten()).flatten();
    const auto rows = [&](const at::Tensor& all) { return all.flatten(0, 1).index_select(0, chosen); };
    const at::Tensor weight = rows(score).sum(1), truth = rows(at::stack(truths));
    const at::Tensor point = rows(anchors.points.unsqueeze(0).expand({images, -1, 2}));
    const at::Tensor side = at::cat({point - truth.narrow(1, 0, 2), truth.narrow(1, 2, 2) - point}, 1);
    const auto focalOf = [&] {
        const at::Tensor held = side.clamp(0, static_cast<double>(bins) - 1.01);
        return referenceFocal(rows(anchors.sides).reshape({-1, bins}), held.flatten()).view({-1, 4});
    };
    const auto distanceOf = [&] {  // in shares of the input
        const at::Tensor stride = rows(anchors.strides.unsqueeze(0).expand({images, -1, 1}));
        const at::Tensor size = at::tensor({width, height, width, height}, at::kDouble);
        return ((rows(anchors.sides).squeeze(2) * stride / size) - (side * stride / size)).abs();
    };
    const at::Tensor focal = (bins == 1 ? distanceOf() : focalOf()).mean(1);

    const at::Tensor box = options.boxGain * ((1 - referenceIou(rows(decode(anchors)), truth)) * weight).sum() / total;
    const at::Tensor cls = options.clsGain * entropy.sum() / total;
    const at::Tensor dfl = options.dflGain * (focal * weight).sum() / total;
    return {(box + cls + dfl) * images, box.item<double>(), cls.item<double>(), dfl.item<double>()};
}

}  // namespace qat::test
