// What a classifier is judged by.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "task/metrics.h"

namespace qat {

// Which classes pictures were taken for. Not of one thread: a measuring loop adds batch by batch.
class ClassTally {
public:
    // Throws Error{BadInput} for a class beyond the network's. logits float [N, classes], classes int64 [N]; pictures
    // of kNoClass do not count.
    void add(const at::Tensor& logits, const at::Tensor& classes);

    // Top-1, the primary one, top-5, the mean over classes of the share that was found, and the mean cross-entropy.
    // Equal logits count in the order of the classes.
    Metrics metrics() const;
    int64_t pictures() const { return m_pictures; }
    // Row by row of the picture's class, column by column of the one it was taken for.
    const std::vector<std::vector<int64_t>>& confusion() const { return m_confusion; }

private:
    int64_t m_pictures = 0, m_first = 0, m_amongFive = 0;
    double m_entropy = 0;
    std::vector<std::vector<int64_t>> m_confusion;
};

}  // namespace qat
