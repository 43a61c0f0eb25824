// What classifiers are trained with: one class a picture.
#pragma once

#include <cstdint>
#include <vector>

#include "loss/loss.h"

namespace qat {

enum class ClassLossForm { CrossEntropy, SquaredHinge };

struct ClassLossOptions {
    int64_t numClasses = 0;
    ClassLossForm form = ClassLossForm::CrossEntropy;
    double labelSmoothing = 0;          // cross-entropy only: shared evenly by all classes
    std::vector<float> classWeights{};  // one a class, of mean 1; empty: all the same
    int64_t noClass = -1;               // stands for pictures without one, which count nothing
};

// Of the output `logits`, [N, classes] or with sides of 1 behind; targets int64 [N]. w are the weights of the
// pictures' own classes.
//   ce     sum w (-log softmax(x)[class]) / sum w, smoothed as libtorch's cross_entropy
//   hinge  mean of w max(0, 1 - t x)^2 over pictures and classes, t = 1 for the class and -1 for others
// Steps follow the mean over their pictures (Loss::isMean).
class ClassLoss final : public Loss {
public:
    explicit ClassLoss(ClassLossOptions options) : m_options(std::move(options)) {}
    std::vector<std::string> outputs() const override { return {"logits"}; }
    // Throws Error{BadInput} for a class that the network does not have.
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override;
    std::vector<std::string> settings() const override;
    bool isMean() const override { return true; }

private:
    at::Tensor entropy(const at::Tensor& logits, const at::Tensor& classes) const;
    at::Tensor hinge(const at::Tensor& logits, const at::Tensor& classes) const;

    ClassLossOptions m_options;
};

}  // namespace qat
