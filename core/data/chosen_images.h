// Some pictures of a data set as a data set of their own.
#pragma once

#include "data/dataset.h"

namespace qat {

class ChosenImages : public Dataset {
public:
    // indices are within 0..all->size()-1.
    ChosenImages(std::shared_ptr<const Dataset> all, std::vector<int64_t> indices)
        : m_all(std::move(all)), m_indices(std::move(indices)) {
        m_classNames = m_all->classNames();
    }
    int64_t size() const override { return static_cast<int64_t>(m_indices.size()); }
    Sample read(int64_t index) const override { return m_all->read(m_indices[static_cast<size_t>(index)]); }
    std::vector<ObjectLabel> labels(int64_t index) const override {
        return m_all->labels(m_indices[static_cast<size_t>(index)]);
    }
    std::string path(int64_t index) const override { return m_all->path(m_indices[static_cast<size_t>(index)]); }
    cv::Size imageSize(int64_t index) const override { return m_all->imageSize(m_indices[static_cast<size_t>(index)]); }
    std::vector<std::string> foundDamaged() const override { return m_all->foundDamaged(); }

private:
    std::shared_ptr<const Dataset> m_all;
    std::vector<int64_t> m_indices;
};

}  // namespace qat
