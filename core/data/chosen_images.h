// Some pictures of a data set as a data set of their own.
#pragma once

#include <utility>
#include <vector>

#include "data/dataset_view.h"

namespace qat {

class ChosenImages : public DatasetView {
public:
    // indices are within 0..all->size()-1.
    ChosenImages(std::shared_ptr<const Dataset> all, std::vector<int64_t> indices)
        : DatasetView(std::move(all)), m_indices(std::move(indices)) {
        m_warnings.clear();
        m_leftOut = 0;
    }
    int64_t size() const override { return static_cast<int64_t>(m_indices.size()); }
    Sample read(int64_t index) const override { return DatasetView::read(at(index)); }
    std::vector<ObjectLabel> labels(int64_t index) const override { return DatasetView::labels(at(index)); }
    int32_t pictureClass(int64_t index) const override { return DatasetView::pictureClass(at(index)); }
    std::string path(int64_t index) const override { return DatasetView::path(at(index)); }
    cv::Size imageSize(int64_t index) const override { return DatasetView::imageSize(at(index)); }

private:
    int64_t at(int64_t index) const { return m_indices[static_cast<size_t>(index)]; }

    std::vector<int64_t> m_indices;
};

}  // namespace qat
