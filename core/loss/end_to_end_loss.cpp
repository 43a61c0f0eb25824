#include "loss/end_to_end_loss.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "loss/yolov8_loss.h"

namespace qat {
namespace {

constexpr double kFirstShare = 0.8, kLastShare = 0.1;  // of the head with several boxes

}  // namespace

DetectionLossOptions oneToOneOptions(DetectionLossOptions head, HeadBalance balance) {
    const bool decays = balance == HeadBalance::Decaying;
    head.topk = decays ? 7 : 1;
    head.topk2 = decays ? 1 : 0;
    head.enlargesSmall = decays;
    return head;
}

DetectionLossOptions oneToManyOptions(DetectionLossOptions head, HeadBalance balance) {
    head.enlargesSmall = balance == HeadBalance::Decaying;
    return head;
}

double decayingShare(int64_t epoch, int64_t epochs) {
    const auto last = static_cast<double>(std::max<int64_t>(epochs - 1, 1));
    return kLastShare + (kFirstShare - kLastShare) * std::max(0.0, 1 - static_cast<double>(epoch) / last);
}

EndToEndLoss::EndToEndLoss(Maps maps, const DetectionLossOptions& head, HeadBalance balance)
    : m_maps(std::move(maps)),
      m_balance(balance),
      m_one(oneToOneOptions(head, balance)),
      m_many(oneToManyOptions(head, balance)) {
    if (balance == HeadBalance::Decaying) m_manyWeight = kLastShare, m_oneWeight = 1 - kLastShare;
}

std::vector<std::string> EndToEndLoss::outputs() const {
    std::vector<std::string> all = m_maps.one;
    all.insert(all.end(), m_maps.many.begin(), m_maps.many.end());
    return all;
}

void EndToEndLoss::beginEpoch(int64_t epoch, int64_t epochs) {
    if (m_balance == HeadBalance::Equal) return;
    m_manyWeight = decayingShare(epoch, epochs);
    m_oneWeight = 1 - m_manyWeight;
}

LossValue EndToEndLoss::of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const {
    ensure(outputs.size() == m_maps.one.size() + m_maps.many.size(), "the maps of two heads");
    const auto middle = outputs.begin() + static_cast<std::ptrdiff_t>(m_maps.one.size());
    const DetectionLoss one = detectionLoss({outputs.begin(), middle}, targets, m_one);
    const DetectionLoss many = detectionLoss({middle, outputs.end()}, targets, m_many);
    LossValue value{one.total * m_oneWeight + many.total * m_manyWeight,
                    {{"box", one.box}, {"cls", one.cls}, {"dfl", one.dfl}}};
    value.rest = m_manyWeight * (many.box + many.cls + many.dfl) - (1 - m_oneWeight) * sumOf(value.terms);
    return value;
}

std::vector<std::string> EndToEndLoss::settings() const {
    std::vector<std::string> sentences = settingsOf(m_one);
    const std::string heads = "the terms shown are those of the head with one box an object; ";
    sentences.push_back(
        heads + (m_balance == HeadBalance::Equal
                     ? str("both heads count fully, labels claim ", m_one.topk, " anchor of it and ", m_many.topk,
                           " of the other one")
                     : str("the other one counts from ", kFirstShare, " down to ", kLastShare,
                           " over the epochs and it the rest; labels claim ", m_one.topk, " anchors of it and keep ",
                           m_one.topk2, ", of the other one ", m_many.topk, "; small labels are enlarged to claim")));
    return sentences;
}

}  // namespace qat
