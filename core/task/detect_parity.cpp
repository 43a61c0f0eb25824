// Boxes and their partners.
#include "task/detect_parity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "eval/box_iou.h"
#include "eval/nms.h"

namespace qat {
namespace {

constexpr double kPartnerIou = 0.95, kEqualScore = 0.02;

std::vector<Detection> boxesOf(const at::Tensor& decoded, int64_t classes) {
    return nonMaxSuppression({decoded.data_ptr<float>(), static_cast<size_t>(decoded.numel())}, classes,
                             decoded.size(1), NmsOptions::predict());
}

}  // namespace

void BoxParity::add(const at::Tensor& simulated, const at::Tensor& file) {
    const auto ours = boxesOf(simulated, m_numClasses), theirs = boxesOf(file, m_numClasses);
    for (const auto& [from, to] : {std::pair(&ours, &theirs), std::pair(&theirs, &ours)})
        for (const Detection& a : *from) {
            ++m_boxes;
            const auto partner = std::ranges::find_if(*to, [&](const Detection& b) {
                return a.classIndex == b.classIndex && boxIou(a.box, b.box) >= kPartnerIou;
            });
            if (partner == to->end()) continue;
            const double difference = std::abs(static_cast<double>(a.score) - partner->score);
            m_worstScore = std::max(m_worstScore, difference);
            m_matched += difference <= kEqualScore ? 1 : 0;
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
