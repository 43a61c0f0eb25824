// The loss of a single anchor-free head, YOLOv8's first of all: boxes, classes, and sides of boxes.
#pragma once

#include "loss/detection_loss.h"
#include "loss/loss.h"

namespace qat {

// Gains and class weights, for Loss::settings().
std::vector<std::string> settingsOf(const DetectionLossOptions& options);

// detectionLoss() of raw head maps; its terms are box, cls and dfl.
class Yolov8Loss final : public Loss {
public:
    // maps: the outputs with the raw maps, one a stride.
    Yolov8Loss(std::vector<std::string> maps, DetectionLossOptions options)
        : m_maps(std::move(maps)), m_options(std::move(options)) {}

    std::vector<std::string> outputs() const override { return m_maps; }
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override;
    std::vector<std::string> settings() const override;

private:
    std::vector<std::string> m_maps;
    DetectionLossOptions m_options;
};

}  // namespace qat
