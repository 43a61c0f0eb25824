#include "train/yolov8_loss.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace qat {

LossValue Yolov8Loss::of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const {
    DetectionLoss loss = detectionLoss(outputs, targets, m_options);
    return {std::move(loss.total), {{"box", loss.box}, {"cls", loss.cls}, {"dfl", loss.dfl}}};
}

std::vector<std::string> Yolov8Loss::settings() const {
    std::vector<std::string> sentences{
        str("loss gains: box ", m_options.boxGain, ", cls ", m_options.clsGain, ", dfl ", m_options.dflGain)};
    if (m_options.classWeights.empty()) return sentences;
    const auto [least, most] = std::ranges::minmax(m_options.classWeights);
    sentences.push_back(str("classes weigh from ", least, " to ", most, " in the class loss"));
    return sentences;
}

}  // namespace qat
