// How alike two results of one network are: those of an exported file and of its simulation.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace qat {

struct ParityFigures {
    int64_t compared = 0;   // findings, of both sides
    double matched = 1;     // share of them with an equal one on the other side; 1 of none
    double worstScore = 0;  // largest score difference of partners
    std::string sentence;   // 98.2 % of 55 boxes equal (IoU 0.95, score 0.02), largest score difference 0.003
};

class ParityMeasure {
public:
    virtual ~ParityMeasure() = default;

    // Both of the same image: the network's decoded output, without the batch.
    virtual void add(const at::Tensor& simulated, const at::Tensor& file) = 0;
    virtual ParityFigures figures() const = 0;

    // The part of a decoded output whose error against FP32 says how good a file is that computes in float.
    virtual at::Tensor scores(const at::Tensor& decoded) const = 0;
};

}  // namespace qat
