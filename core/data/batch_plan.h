// Which pictures go into which batch, and how large the network's input is there.
#pragma once

#include <cstdint>
#include <opencv2/core/types.hpp>
#include <vector>

#include "data/dataset.h"
#include "data/loader.h"

namespace qat {

class BatchPlan {
public:
    // With rect, reads the size of every picture. Throws like Dataset::imageSize.
    BatchPlan(const Dataset& dataset, const LoaderOptions& options);

    int64_t batches() const;
    // Data set indices of one epoch, one after another.
    std::vector<int64_t> order(int64_t epoch) const;
    // Network input of a batch.
    cv::Size inputSize(int64_t batch) const;

private:
    void sortByShape(const Dataset& dataset);

    int m_imgsz, m_rectStep, m_batch;
    bool m_shuffle, m_dropLast;
    uint64_t m_seed;
    std::vector<int64_t> m_order;        // before shuffling
    std::vector<cv::Size> m_inputSizes;  // per batch; empty: square everywhere
};

}  // namespace qat
