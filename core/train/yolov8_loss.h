// The loss of YOLOv8's head: boxes, classes, and the distributions of box sides.
#pragma once

#include "train/detection_loss.h"
#include "train/loss.h"

namespace qat {

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
