// Counting.
#include "task/classify_metrics.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "data/dataset.h"

namespace qat {
namespace {

// How many classes come before `own`: by their logit, and of equal ones by their number.
int64_t rankOf(const float* logits, int64_t classes, int64_t own) {
    int64_t rank = 0;
    for (int64_t c = 0; c < classes; ++c)
        rank += c != own && (logits[c] > logits[own] || (logits[c] == logits[own] && c < own));
    return rank;
}

double share(int64_t part, int64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void ClassTally::add(const at::Tensor& logits, const at::Tensor& classes) {
    const int64_t count = logits.size(1);
    const at::Tensor values = logits.contiguous().cpu(), own = classes.cpu();
    const at::Tensor logShares = at::log_softmax(values.to(at::kDouble), 1);
    m_confusion.resize(static_cast<size_t>(count), std::vector<int64_t>(static_cast<size_t>(count)));
    for (int64_t i = 0; i < values.size(0); ++i) {
        const int64_t c = own[i].item<int64_t>();
        if (c == kNoClass) continue;
        require(c >= 0 && c < count, ErrorKind::BadInput, "a picture is of class ", c, ", but the network has ", count,
                " classes");
        const float* row = values.data_ptr<float>() + i * count;
        const int64_t rank = rankOf(row, count, c);
        m_first += rank == 0, m_amongFive += rank < 5;
        m_entropy -= logShares[i][c].item<double>();
        ++m_confusion[static_cast<size_t>(c)][static_cast<size_t>(std::max_element(row, row + count) - row)];
        ++m_pictures;
    }
}

Metrics ClassTally::metrics() const {
    double found = 0;
    int64_t occurring = 0;
    for (size_t c = 0; c < m_confusion.size(); ++c) {
        int64_t pictures = 0;
        for (const int64_t taken : m_confusion[c]) pictures += taken;
        occurring += pictures > 0;
        found += share(m_confusion[c][c], pictures);
    }
    const double top1 = share(m_first, m_pictures);
    const double mean = m_pictures == 0 ? 0 : m_entropy / static_cast<double>(m_pictures);
    return {.primary = "accuracy_top1",
            .fitness = top1,
            .values = {{.key = "accuracy_top1", .label = "top-1", .value = top1, .headline = true},
                       {.key = "accuracy_top5", .label = "top-5", .value = share(m_amongFive, m_pictures)},
                       {.key = "accuracy_by_class",
                        .label = "mean of classes",
                        .value = occurring == 0 ? 0 : found / static_cast<double>(occurring),
                        .detail = "each class counts the same"},
                       {.key = "entropy", .label = "cross-entropy", .value = mean}}};
}

}  // namespace qat
