// Whether two detectors find the same boxes.
#pragma once

#include "task/parity_measure.h"

namespace qat {

// Every box above 0.25 of one side looks for its partner on the other: the same class, IoU 0.95; equal are those whose
// scores are within 0.02.
class BoxParity final : public ParityMeasure {
public:
    explicit BoxParity(int64_t numClasses) : m_numClasses(numClasses) {}

    // [4 + classes, A]
    void add(const at::Tensor& simulated, const at::Tensor& file) override;
    ParityFigures figures() const override;
    // The classes', [classes, A].
    at::Tensor scores(const at::Tensor& decoded) const override { return decoded.slice(0, 4); }

private:
    int64_t m_numClasses, m_boxes = 0, m_matched = 0;
    double m_worstScore = 0;
};

}  // namespace qat
