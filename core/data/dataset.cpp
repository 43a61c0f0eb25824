// Opening data sets by name, and the one whose pictures are files.
#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "base/error.h"
#include "data/class_folders.h"
#include "data/class_sets.h"
#include "data/image_file.h"
#include "data/image_set.h"
#include "data/labels.h"
#include "data/shapes.h"

namespace qat {
namespace {

constexpr std::array kSplits{"train", "val", "test"};
constexpr int64_t kMostDoubts = 20;  // a habit of a labelling tool would be in thousands of files

void requirePictures(const std::string& spec, const ImageSet& set) {
    require(!set.images.empty(), ErrorKind::BadInput, "there are no pictures in ", spec,
            set.warnings.empty() ? "" : ": " + set.warnings.front());
}

class FileDataset final : public Dataset {
public:
    // Of boxes.
    FileDataset(const std::string& spec, DataSplit split, DataCheck check)
        : m_check(check), m_alone(sourceKind(spec) == SourceKind::Picture) {
        const std::vector<fs::path> images = begin(spec, findImages(spec, split));
        for (const fs::path& image : images) add(image);
        if (m_doubts > kMostDoubts)
            m_warnings.push_back(str("the same of ", m_doubts - kMostDoubts, " more label files"));
        requireAny(spec);
        warnWithoutLabels(spec);
    }
    // Of classes.
    FileDataset(const std::string& spec, ClassifiedImages found, DataCheck check)
        : m_check(check), m_alone(false), m_kind(LabelKind::Class) {
        const std::vector<fs::path> images = begin(spec, std::move(found.set));
        for (size_t i = 0; i < images.size(); ++i) add(images[i], found.classes[i]);
        requireAny(spec);
    }

    int64_t size() const override { return static_cast<int64_t>(m_items.size()); }
    Sample read(int64_t index) const override {
        const Item& item = itemAt(index);
        PictureReading reading = readPicture(item.path);
        if (reading.problem.empty()) return sampleOf(item, std::move(reading.image));
        const bool usable = !reading.image.empty();
        require(m_check == DataCheck::Lenient && (usable || !m_alone), ErrorKind::BadInput, reading.problem);
        note(index, reading.problem + (usable ? "; it is used as it is"
                                              : ", so accuracy, calibration and analysis go without it, and training "
                                                "sees a grey picture in its place"));
        if (usable) return sampleOf(item, std::move(reading.image));
        return {item.path, standIn(item.path), {}, true};
    }
    std::vector<ObjectLabel> labels(int64_t index) const override { return itemAt(index).labels; }
    LabelKind labelKind() const override { return m_kind; }
    int32_t pictureClass(int64_t index) const override { return itemAt(index).pictureClass; }
    std::string path(int64_t index) const override { return itemAt(index).path; }
    cv::Size imageSize(int64_t index) const override { return readImageSize(itemAt(index).path); }
    std::vector<std::string> foundDamaged() const override {
        const std::lock_guard lock(m_mutex);
        std::vector<std::string> sentences;
        for (const auto& [index, sentence] : m_damaged) sentences.push_back(sentence);
        return sentences;
    }

private:
    struct Item {
        std::string path;
        std::vector<ObjectLabel> labels;
        int32_t pictureClass = kNoClass;
    };

    static Sample sampleOf(const Item& item, cv::Mat image) {
        return {item.path, std::move(image), item.labels, false, item.pictureClass};
    }

    std::vector<fs::path> begin(const std::string& spec, ImageSet set) {
        requirePictures(spec, set);
        m_classNames = std::move(set.classNames);
        m_keypointNumbers = set.keypointNumbers;
        m_warnings = std::move(set.warnings);
        m_items.reserve(set.images.size());
        return std::move(set.images);
    }

    void requireAny(const std::string& spec) const {
        require(!m_items.empty() || m_reason.empty(), ErrorKind::BadInput, spec,
                " leaves no picture to work with: ", m_reason);
    }

    void add(const fs::path& image, int32_t pictureClass) {
        if (const std::string problem = pictureProblem(image); !problem.empty())
            return leaveOut(problem, ", so it is left out");
        m_items.push_back({image.string(), {}, pictureClass});
    }

    void add(const fs::path& image) {
        LabelReading reading =
            readLabels(labelPathOf(image), static_cast<int64_t>(m_classNames.size()), m_keypointNumbers);
        if (!reading.problem.empty()) return leaveOut(reading.problem, str(", so ", image.string(), " is left out"));
        if (const std::string problem = pictureProblem(image); !problem.empty())
            return leaveOut(problem, ", so it is left out");
        if (!reading.doubt.empty() && ++m_doubts <= kMostDoubts) m_warnings.push_back(reading.doubt);
        m_items.push_back({image.string(), std::move(reading.labels), kNoClass});
    }

    // Most often the labels lie elsewhere than where they are looked for.
    void warnWithoutLabels(const std::string& spec) {
        if (m_alone || std::ranges::any_of(m_items, [](const Item& item) { return !item.labels.empty(); })) return;
        const fs::path first = labelPathOf(m_items.front().path);
        std::error_code unknown;
        m_warnings.push_back(str("not one of the ", m_items.size(), " pictures of ", spec,
                                 " has a label; those of the ", "first are looked for in ", first.string(),
                                 fs::exists(first, unknown) ? ", which has no rows" : ", which is not there"));
    }

    void leaveOut(const std::string& problem, const std::string& consequence) {
        require(m_check == DataCheck::Lenient && !m_alone, ErrorKind::BadInput, problem);
        m_warnings.push_back(problem + consequence);
        if (++m_leftOut == 1) m_reason = m_warnings.back();
    }

    void note(int64_t index, std::string sentence) const {
        const std::lock_guard lock(m_mutex);
        m_damaged.try_emplace(index, std::move(sentence));
    }

    // Of the size that the header tells, in the grey that pads pictures.
    static cv::Mat standIn(const std::string& path) {
        constexpr double kGrey = 114;
        return {readImageSize(path), CV_8UC3, cv::Scalar::all(kGrey)};
    }

    const Item& itemAt(int64_t index) const {
        ensure(index >= 0 && index < size(), "index within the data set");
        return m_items[static_cast<size_t>(index)];
    }

    const DataCheck m_check;
    int64_t m_keypointNumbers = 0;
    const bool m_alone;  // one picture, which cannot be left out
    const LabelKind m_kind = LabelKind::Boxes;
    std::vector<Item> m_items;
    int64_t m_doubts = 0;
    std::string m_reason;  // why the first picture was left out
    mutable std::mutex m_mutex;
    mutable std::map<int64_t, std::string> m_damaged;  // by index, what decoding found
};

}  // namespace

Dataset::~Dataset() = default;

const char* splitName(DataSplit split) {
    return kSplits[static_cast<size_t>(split)];
}

DataSplit splitNamed(std::string_view name) {
    const auto found = std::ranges::find(kSplits, name);
    require(found != kSplits.end(), ErrorKind::BadInput, "there is no split called ", name,
            ", only train, val and test");
    return static_cast<DataSplit>(found - kSplits.begin());
}

std::shared_ptr<const Dataset> openDataset(const std::string& spec, DataSplit split, DataCheck check, LabelKind kind) {
    require(!spec.empty(), ErrorKind::BadInput, "no data set is named");
    const auto set = namedSet(spec);
    require(!set || kind == LabelKind::Class, ErrorKind::BadInput, spec,
            " holds one class a picture, but detectors learn from boxes");
    if (isDrawn(spec)) return openShapes(spec, split, kind);
    if (set) return openClassSet(*set, split);
    if (kind == LabelKind::Class) return std::make_shared<FileDataset>(spec, findClassFolders(spec, split), check);
    return std::make_shared<FileDataset>(spec, split, check);
}

std::vector<std::string> checkDescription(const std::string& spec, DataSplit split, LabelKind kind) {
    if (isDrawn(spec)) return openShapes(spec, split, kind)->classNames();
    if (const auto set = namedSet(spec)) return filesOfSet(*set, split), classesOfSet(set->name);
    if (kind == LabelKind::Class) return findClassFolders(spec, split).set.classNames;
    ImageSet set = findImages(spec, split);
    requirePictures(spec, set);
    return std::move(set.classNames);
}

}  // namespace qat
