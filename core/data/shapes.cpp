// The specification text of the drawn data set, and the data set around the drawing.
#include "data/shapes.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "base/error.h"
#include "config/data_name.h"

namespace qat {
namespace {

constexpr std::array<const char*, kShapeClasses> kNames{"disc", "ring", "square", "triangle", "cross", "star"};
constexpr std::string_view kPrefix = "shapes";
constexpr int64_t kMaxImages = 1000000;
constexpr int64_t kMinSize = 64, kMaxSize = 2048;

template <class T>
T numberOf(std::string_view spec, std::string_view key, std::string_view text, T low, T high) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    require(error == std::errc() && end == text.data() + text.size() && value >= low && value <= high,
            ErrorKind::BadInput, "data set ", spec, ": ", key, " must be a number from ", low, " to ", high, ", not ",
            text.empty() ? "nothing" : text);
    return value;
}

void setOption(ShapesOptions& options, std::string_view spec, std::string_view key, std::string_view text) {
    if (key == "train")
        options.train = numberOf<int64_t>(spec, key, text, 1, kMaxImages);
    else if (key == "val")
        options.val = numberOf<int64_t>(spec, key, text, 1, kMaxImages);
    else if (key == "size")
        options.size = static_cast<int>(numberOf<int64_t>(spec, key, text, kMinSize, kMaxSize));
    else if (key == "seed")
        options.seed = numberOf<uint64_t>(spec, key, text, 0, UINT64_MAX);
    else
        fail(ErrorKind::BadInput, "data set ", spec, ": there is no key ", key, ", only train, val, size and seed");
}

class ShapesDataset final : public Dataset {
public:
    ShapesDataset(const ShapesOptions& options, DataSplit split, LabelKind kind)
        : m_options(options),
          m_split(split),
          m_kind(kind),
          m_size(split == DataSplit::Train ? options.train : options.val) {
        m_classNames.assign(kNames.begin(), kNames.end());
    }
    int64_t size() const override { return m_size; }
    Sample read(int64_t index) const override {
        const auto draw = m_kind == LabelKind::Class ? drawOneShape : drawShapes;
        Sample sample = draw(m_options.seed, m_split, checked(index), m_options.size);
        sample.path = path(index);
        return sample;
    }
    LabelKind labelKind() const override { return m_kind; }
    int32_t pictureClass(int64_t index) const override {
        return m_kind == LabelKind::Class ? static_cast<int32_t>(checked(index) % kShapeClasses) : kNoClass;
    }
    std::string path(int64_t index) const override {
        std::array<char, 48> name;
        std::snprintf(name.data(), name.size(), "shapes/%s/%06d.png", splitName(m_split),
                      static_cast<int>(checked(index)));
        return name.data();
    }
    cv::Size imageSize(int64_t) const override { return {m_options.size, m_options.size}; }

private:
    int64_t checked(int64_t index) const {
        ensure(index >= 0 && index < m_size, "index within the data set");
        return index;
    }

    ShapesOptions m_options;
    DataSplit m_split;
    LabelKind m_kind;
    int64_t m_size;
};

}  // namespace

ShapesOptions parseShapesSpec(std::string_view spec) {
    require(isDrawn(spec), ErrorKind::BadInput, "data set ", spec, " is not shapes");
    ShapesOptions options;
    std::string_view rest = spec.substr(std::min(kPrefix.size() + 1, spec.size()));
    while (!rest.empty()) {
        const size_t length = std::min(rest.find(','), rest.size());
        const std::string_view pair = rest.substr(0, length);
        const size_t equals = pair.find('=');
        require(equals != std::string_view::npos, ErrorKind::BadInput, "data set ", spec, ": ", pair,
                " is not of the form key=value");
        setOption(options, spec, pair.substr(0, equals), pair.substr(equals + 1));
        rest.remove_prefix(std::min(length + 1, rest.size()));
    }
    return options;
}

std::shared_ptr<const Dataset> openShapes(std::string_view spec, DataSplit split, LabelKind kind) {
    return std::make_shared<ShapesDataset>(parseShapesSpec(spec), split, kind);
}

const char* shapeName(int classIndex) {
    ensure(classIndex >= 0 && classIndex < kShapeClasses, "shape class");
    return kNames[static_cast<size_t>(classIndex)];
}

}  // namespace qat
