// Whether two detectors find the same boxes.
#pragma once

#include <utility>

#include "graph/graph.h"
#include "task/parity_measure.h"

namespace qat {

// Every box above 0.25 of one side, found as the model's head asks, looks for its partner on the other: the same class,
// IoU 0.95; equal are those whose scores are within 0.02.
class BoxParity final : public ParityMeasure {
public:
    explicit BoxParity(ModelInfo model) : m_model(std::move(model)) {}

    // [4 + classes, A]
    void add(const at::Tensor& simulated, const at::Tensor& file) override;
    ParityFigures figures() const override;
    // The classes', [classes, A].
    at::Tensor scores(const at::Tensor& decoded) const override { return decoded.slice(0, 4); }

private:
    const ModelInfo m_model;
    int64_t m_boxes = 0, m_matched = 0;
    double m_worstScore = 0;
};

}  // namespace qat
