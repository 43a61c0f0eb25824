// A data set that shows another one, changed in what a derived class overrides.
#pragma once

#include <memory>

#include "data/dataset.h"

namespace qat {

class DatasetView : public Dataset {
public:
    int64_t size() const override { return m_all->size(); }
    LabelKind labelKind() const override { return m_all->labelKind(); }
    Sample read(int64_t index) const override { return m_all->read(index); }
    std::vector<ObjectLabel> labels(int64_t index) const override { return m_all->labels(index); }
    int32_t pictureClass(int64_t index) const override { return m_all->pictureClass(index); }
    std::string path(int64_t index) const override { return m_all->path(index); }
    cv::Size imageSize(int64_t index) const override { return m_all->imageSize(index); }
    std::vector<std::string> files() const override { return m_all->files(); }
    std::vector<std::string> foundDamaged() const override { return m_all->foundDamaged(); }

protected:
    explicit DatasetView(std::shared_ptr<const Dataset> all) : m_all(std::move(all)) {
        m_classNames = m_all->classNames();
        m_warnings = m_all->warnings();
        m_leftOut = m_all->leftOut();
    }
    const Dataset& all() const { return *m_all; }

private:
    std::shared_ptr<const Dataset> m_all;
};

}  // namespace qat
