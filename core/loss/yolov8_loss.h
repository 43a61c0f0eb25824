// The loss of YOLOv8's head: boxes, classes, and the distributions of box sides.
#pragma once

#include "loss/detection_loss.h"
#include "loss/loss.h"

namespace qat {

// detectionLoss() of the outputs head.0, head.1, ..., one a stride; its terms are box, cls and dfl.
class Yolov8Loss final : public Loss {
public:
    explicit Yolov8Loss(DetectionLossOptions options) : m_options(std::move(options)) {}

    std::vector<std::string> outputs() const override;
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override;
    std::vector<std::string> settings() const override;

private:
    DetectionLossOptions m_options;
};

}  // namespace qat
