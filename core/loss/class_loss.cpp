// Both losses in libtorch's operations: a batch of logits is a few thousand numbers.
#include "loss/class_loss.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace qat {
namespace {

at::Tensor weightsOn(const std::vector<float>& weights, const at::Tensor& like) {
    return weights.empty() ? at::Tensor() : at::tensor(weights, at::kFloat).to(like.device());
}

void requireClasses(const at::Tensor& classes, int64_t count, int64_t none) {
    if (classes.numel() == 0) return;
    const int64_t most = classes.max().item<int64_t>(), least = classes.min().item<int64_t>();
    require(most < count && (least >= 0 || least == none), ErrorKind::BadInput, "a picture is of class ",
            most >= count ? most : least, ", but the network has ", count, " classes");
}

}  // namespace

at::Tensor ClassLoss::entropy(const at::Tensor& logits, const at::Tensor& classes) const {
    return at::cross_entropy_loss(logits, classes, weightsOn(m_options.classWeights, logits), at::Reduction::Mean,
                                  m_options.noClass, m_options.labelSmoothing);
}

at::Tensor ClassLoss::hinge(const at::Tensor& logits, const at::Tensor& classes) const {
    const at::Tensor known = classes.ne(m_options.noClass), safe = classes.clamp_min(0);
    const at::Tensor signs = at::full_like(logits, -1).scatter(1, safe.unsqueeze(1), 1);
    const at::Tensor weights = weightsOn(m_options.classWeights, logits);
    at::Tensor counted = known.to(at::kFloat);
    if (weights.defined()) counted = counted * weights.index_select(0, safe);
    const at::Tensor missed = (1 - signs * logits).clamp_min(0).pow(2).mean(1) * counted;
    return missed.sum() / known.sum();
}

LossValue ClassLoss::of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const {
    ensure(outputs.size() == 1, "one output, the logits");
    const at::Tensor logits = outputs.front().flatten(1);
    ensure(logits.size(1) == m_options.numClasses && targets.dim() == 1 && targets.size(0) == logits.size(0),
           "a logit a class and a class a picture");
    requireClasses(targets, m_options.numClasses, m_options.noClass);
    const at::Tensor classes = targets.to(logits.device());
    const bool smooth = m_options.form == ClassLossForm::CrossEntropy;
    const bool none = classes.eq(m_options.noClass).all().item<bool>();  // of no picture there is no mean
    const at::Tensor value = none ? logits.sum() * 0 : smooth ? entropy(logits, classes) : hinge(logits, classes);
    return {value * logits.size(0), {{smooth ? "ce" : "hinge", value.item<double>()}}};
}

std::vector<std::string> ClassLoss::settings() const {
    const bool entropy = m_options.form == ClassLossForm::CrossEntropy;
    std::vector<std::string> sentences{!entropy ? "squared hinge on 1 for the class and -1 for the others"
                                       : m_options.labelSmoothing > 0 ? str("cross-entropy, ", m_options.labelSmoothing,
                                                                            " of each label shared by all classes")
                                                                      : "cross-entropy"};
    if (const auto spread = sentenceOf(m_options.classWeights)) sentences.push_back(*spread);
    return sentences;
}

}  // namespace qat
