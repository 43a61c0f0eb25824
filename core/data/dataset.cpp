// Opening data sets by name, and the one whose pictures are files.
#include "data/dataset.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "data/image_file.h"
#include "data/image_set.h"
#include "data/labels.h"
#include "data/shapes.h"

namespace qat {
namespace {

constexpr std::array kSplits{"train", "val", "test"};

class FileDataset final : public Dataset {
public:
    FileDataset(const std::string& spec, DataSplit split, LabelCheck check) {
        ImageSet set = findImages(spec, split);
        m_classNames = std::move(set.classNames);
        m_items.reserve(set.images.size());
        for (const fs::path& image : set.images) add(image, check);
        require(!m_items.empty() || m_warnings.empty(), ErrorKind::BadInput, spec,
                " leaves no picture to work with, the first was left out because of ",
                m_warnings.empty() ? "" : m_warnings.front());
        require(!m_items.empty(), ErrorKind::BadInput, "there are no pictures in ", spec);
    }

    int64_t size() const override { return static_cast<int64_t>(m_items.size()); }
    Sample read(int64_t index) const override {
        const Item& item = itemAt(index);
        return {item.path, readImage(item.path), item.labels};
    }
    std::vector<ObjectLabel> labels(int64_t index) const override { return itemAt(index).labels; }
    std::string path(int64_t index) const override { return itemAt(index).path; }
    cv::Size imageSize(int64_t index) const override { return readImageSize(itemAt(index).path); }

private:
    struct Item {
        std::string path;
        std::vector<ObjectLabel> labels;
    };

    void add(const fs::path& image, LabelCheck check) {
        LabelReading reading = readLabels(labelPathOf(image), static_cast<int64_t>(m_classNames.size()));
        if (reading.problem.empty()) {
            m_items.push_back({image.string(), std::move(reading.labels)});
            return;
        }
        require(check == LabelCheck::Lenient, ErrorKind::BadInput, reading.problem);
        m_warnings.push_back(str(reading.problem, ", so ", image.string(), " is left out"));
    }

    const Item& itemAt(int64_t index) const {
        ensure(index >= 0 && index < size(), "index within the data set");
        return m_items[static_cast<size_t>(index)];
    }

    std::vector<Item> m_items;
};

}  // namespace

Dataset::~Dataset() = default;

const char* splitName(DataSplit split) { return kSplits[static_cast<size_t>(split)]; }

DataSplit splitNamed(std::string_view name) {
    const auto found = std::ranges::find(kSplits, name);
    require(found != kSplits.end(), ErrorKind::BadInput, "there is no split called ", name, ", only train, val and test");
    return static_cast<DataSplit>(found - kSplits.begin());
}

std::shared_ptr<const Dataset> openDataset(const std::string& spec, DataSplit split, LabelCheck check) {
    require(!spec.empty(), ErrorKind::BadInput, "no data set is named");
    if (isShapesSpec(spec)) return openShapes(spec, split);
    return std::make_shared<FileDataset>(spec, split, check);
}

}  // namespace qat
