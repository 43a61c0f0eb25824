// Boxes and their partners.
#include "task/detect_parity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/error.h"
#include "eval/box_iou.h"
#include "eval/post_processing.h"

namespace qat {
namespace {

constexpr double kPartnerIou = 0.95, kEqualScore = 0.02;

std::vector<Detection> boxesOf(const at::Tensor& decoded, const ModelInfo& model) {
    return detectionsIn({decoded.data_ptr<float>(), static_cast<size_t>(decoded.numel())}, model, decoded.size(1),
                        predictOptions(model));
}

// To the partner: of several, which only heads without suppression leave, the one with the nearest score.
std::optional<double> scoreDifference(const Detection& box, const std::vector<Detection>& others) {
    std::optional<double> nearest;
    for (const Detection& other : others) {
        if (box.classIndex != other.classIndex || boxIou(box.box, other.box) < kPartnerIou) continue;
        const double difference = std::abs(static_cast<double>(box.score) - other.score);
        nearest = std::min(nearest.value_or(difference), difference);
    }
    return nearest;
}

}  // namespace

void BoxParity::add(const at::Tensor& simulated, const at::Tensor& file) {
    const auto ours = boxesOf(simulated, m_model), theirs = boxesOf(file, m_model);
    for (const auto& [from, to] : {std::pair(&ours, &theirs), std::pair(&theirs, &ours)})
        for (const Detection& a : *from) {
            ++m_boxes;
            const auto difference = scoreDifference(a, *to);
            if (!difference) continue;
            m_worstScore = std::max(m_worstScore, *difference);
            m_matched += *difference <= kEqualScore ? 1 : 0;
        }
}

ParityFigures BoxParity::figures() const {
    if (m_boxes == 0) return {0, 1, 0, "no boxes to compare"};
    const double matched = static_cast<double>(m_matched) / static_cast<double>(m_boxes);
    return {m_boxes, matched, m_worstScore,
            str(std::round(matched * 1000) / 10, " % of ", m_boxes,
                " boxes equal (IoU 0.95, score 0.02), largest score difference ", m_worstScore)};
}

}  // namespace qat
