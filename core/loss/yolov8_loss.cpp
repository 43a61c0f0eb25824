#include "loss/yolov8_loss.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace qat {

LossValue Yolov8Loss::of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const {
    DetectionLoss loss = detectionLoss(outputs, targets, m_options);
    return {std::move(loss.total), {{"box", loss.box}, {"cls", loss.cls}, {"dfl", loss.dfl}}};
}

std::vector<std::string> settingsOf(const DetectionLossOptions& options) {
    std::vector<std::string> sentences{
        str("loss gains: box ", options.boxGain, ", cls ", options.clsGain, ", dfl ", options.dflGain)};
    if (const auto weights = sentenceOf(options.classWeights)) sentences.push_back(*weights);
    return sentences;
}

std::vector<std::string> Yolov8Loss::settings() const {
    return settingsOf(m_options);
}

}  // namespace qat
