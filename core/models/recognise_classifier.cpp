// A family is told by a tensor that only it has, a member by counting its layers.
#include "models/recognise_classifier.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "models/detector.h"
#include "models/known_layouts.h"

namespace qat {
namespace {

constexpr int64_t kSmallSide = 32;
constexpr std::string_view kLastLayer = ".linear.weight";  // of YOLO's, which is a matrix in most files

class StoredShapes {
public:
    explicit StoredShapes(const NamedTensors& tensors) {
        for (const auto& [name, tensor] : tensors) m_shapes.emplace(name, tensor->sizes());
    }

    bool has(const std::string& name) const { return m_shapes.contains(name); }
    // Of a tensor with so many dimensions; no numbers of others.
    at::IntArrayRef shape(const std::string& name, size_t dimensions) const {
        const auto found = m_shapes.find(name);
        return found == m_shapes.end() || found->second.size() != dimensions ? at::IntArrayRef{} : found->second;
    }
    const std::map<std::string, at::IntArrayRef, std::less<>>& all() const { return m_shapes; }

private:
    std::map<std::string, at::IntArrayRef, std::less<>> m_shapes;
};

// Takes away what stands before `mark` in the name of a tensor that ends with it.
bool stripTo(NamedTensors& tensors, std::string_view mark) {
    const auto found = std::ranges::find_if(tensors, [&](const auto& entry) {
        const std::string& name = entry.first;
        return name.ends_with(mark) && (name.size() == mark.size() || name[name.size() - mark.size() - 1] == '.');
    });
    if (found == tensors.end()) return false;
    const std::string prefix = found->first.substr(0, found->first.size() - mark.size());
    for (auto& [name, tensor] : tensors)
        if (name.starts_with(prefix)) name.erase(0, prefix.size());
    return true;
}

void renameParts(NamedTensors& tensors, std::string_view from, std::string_view to) {
    for (auto& [name, tensor] : tensors)
        if (const size_t at = name.find(from); at != std::string::npos) name.replace(at, from.size(), to);
}

// Of a matrix, or of a convolution of one place.
at::IntArrayRef matrixShape(const StoredShapes& stored, const std::string& weight) {
    const auto matrix = stored.shape(weight, 2);
    return matrix.empty() ? stored.shape(weight, 4) : matrix;
}

int64_t rowsOf(const StoredShapes& stored, const std::string& weight) {
    const auto shape = matrixShape(stored, weight);
    const int64_t classes = shape.empty() ? 0 : shape[0];
    require(classes >= 1 && classes <= kMostClasses, ErrorKind::BadInput, "a classifier cannot have ", classes,
            " classes (rows of ", weight, "), only 1 to ", kMostClasses);
    return classes;
}

// ResNet.

std::array<int, 4> blocksIn(const StoredShapes& stored) {
    std::array<int, 4> blocks{};
    for (int stage = 0; stage < 4; ++stage)
        while (stored.has(str("layer", stage + 1, ".", blocks[static_cast<size_t>(stage)], ".conv1.weight")))
            ++blocks[static_cast<size_t>(stage)];
    return blocks;
}

std::array<int, 4> blocksOf(const Layout& layout) {
    std::array<int, 4> blocks{};
    size_t stage = 0;
    for (const LayoutRow& row : layout.rows)
        if (row.module.ends_with("Stage")) blocks[stage++] = static_cast<int>(row.repeats);
    return blocks;
}

bool holdsStage(const Layout& layout, std::string_view module) {
    return std::ranges::find(layout.rows, module, &LayoutRow::module) != layout.rows.end();
}

Layout resnetOf(NamedTensors& tensors) {
    renameParts(tensors, ".shortcut.", ".downsample.");
    const StoredShapes first(tensors);
    const bool narrow = !first.has("layer4.0.conv1.weight");
    if (!narrow) renameParts(tensors, "linear.", "fc.");
    const StoredShapes stored(tensors);
    const auto blocks = blocksIn(stored);
    const auto stem = stored.shape("conv1.weight", 4);
    require(!stem.empty(), ErrorKind::BadInput, "it has no conv1.weight, with which a ResNet begins");
    const bool narrowing = stored.has("layer1.0.conv3.weight");
    for (const std::string_view variant : kResnet.variants) {
        Layout layout = knownLayout(kResnet, variant, stem[2] == 3 ? kSmallSide : 224);
        if (blocksOf(layout) != blocks || holdsStage(layout, "BottleneckStage") != narrowing) continue;
        layout.classes = rowsOf(stored, narrow ? "linear.weight" : "fc.weight");
        return layout;
    }
    fail(ErrorKind::BadInput, "it holds a ResNet of ", blocks[0], ", ", blocks[1], ", ", blocks[2],
         blocks[3] > 0 ? str(", ", blocks[3]) : "", narrowing ? " narrowing" : "",
         " blocks, which is no member of the family");
}

// VGG.

Layout vggOf(NamedTensors& tensors) {
    const StoredShapes stored(tensors);
    const auto convolutions = std::ranges::count_if(stored.all(), [](const auto& entry) {
        return entry.first.starts_with("features.") && entry.second.size() == 4;
    });
    const bool norms = stored.has("features.1.weight"), small = stored.has("classifier.weight");
    require(norms || !small, ErrorKind::BadInput,
            "it holds a VGG of one linear layer without batch norms, which is none that can be built");
    for (const std::string_view variant : kVgg.variants) {
        Layout layout = knownLayout(kVgg, variant, small ? kSmallSide : 224);
        const auto has = [&](std::string_view module) {
            return std::ranges::count(layout.rows, module, &LayoutRow::module);
        };
        if (has("Conv2d") != convolutions || (has("BatchNorm2d") > 0) != norms) continue;
        layout.classes = rowsOf(stored, small ? "classifier.weight" : "classifier.6.weight");
        return layout;
    }
    fail(ErrorKind::BadInput, "it holds a VGG of ", convolutions, " convolutions, which is no member of the family");
}

// MobileNet and CNV.

Layout mobilenetOf(NamedTensors& tensors) {
    Layout layout = knownLayout(kMobilenetv1, "");
    layout.classes = rowsOf(StoredShapes(tensors), "output.weight");
    return layout;
}

Layout cnvOf(NamedTensors& tensors) {
    Layout layout = knownLayout(kCnv, "");
    layout.classes = rowsOf(StoredShapes(tensors), "linear_features.6.weight");
    return layout;
}

// YOLO's, whose rows are numbered.

// Weights of the graph that the file has in the same shape.
int64_t sharedWeights(const Layout& layout, const StoredShapes& stored) {
    const Graph graph = buildDetector(layout, nullptr);
    return std::ranges::count_if(graph.storedValues(), [&](ValueId id) {
        const Value& value = graph.value(id);
        return value.shape.size() == 4 && !value.name.ends_with(kLastLayer) &&
               stored.shape(value.name, 4) == at::IntArrayRef(value.shape);
    });
}

int64_t convolutionsIn(const StoredShapes& stored) {
    return std::ranges::count_if(
        stored.all(), [](const auto& entry) { return entry.second.size() == 4 && !entry.first.ends_with(kLastLayer); });
}

std::optional<size_t> classifyRow(const StoredShapes& stored) {
    for (size_t row = 1; row < 64; ++row)
        if (!matrixShape(stored, str("model.", row, kLastLayer)).empty()) return row;
    return std::nullopt;
}

std::optional<Layout> yoloOf(NamedTensors& tensors) {
    const StoredShapes stored(tensors);
    const auto row = classifyRow(stored);
    if (!row) return std::nullopt;
    for (const Architecture& family : kArchitectures)
        for (const std::string_view variant : family.variants) {
            if (variantTask(variant) != "cls") continue;
            Layout layout = knownLayout(family, variant);
            if (layout.rows.size() != *row + 1 || sharedWeights(layout, stored) != convolutionsIn(stored)) continue;
            layout.classes = rowsOf(stored, str("model.", *row, kLastLayer));
            return layout;
        }
    fail(ErrorKind::BadInput, "it holds a YOLO classifier of ", *row + 1, " rows, which is no member of a family");
}

// With one of the ends; without, it is a part of another network.
struct ClassifierMark {
    std::string_view first;
    std::array<const char*, 2> ends;
    Layout (*make)(NamedTensors& tensors);
};
constexpr std::array kClassifierMarks{
    ClassifierMark{"layer1.0.conv1.weight", {"fc.weight", "linear.weight"}, resnetOf},
    ClassifierMark{"features.init_block.conv.weight", {"output.weight", "output.weight"}, mobilenetOf},
    ClassifierMark{"conv_features.1.weight", {"linear_features.6.weight", "linear_features.6.weight"}, cnvOf},
    ClassifierMark{"features.0.weight", {"classifier.6.weight", "classifier.weight"}, vggOf}};

}  // namespace

std::optional<Layout> recogniseClassifier(NamedTensors& tensors) {
    if (auto found = yoloOf(tensors)) return found;
    for (const ClassifierMark& mark : kClassifierMarks) {
        NamedTensors renamed = tensors;
        if (!stripTo(renamed, mark.first)) continue;
        const StoredShapes stored(renamed);
        if (std::ranges::none_of(mark.ends, [&](const char* end) { return stored.has(end); })) continue;
        Layout layout = mark.make(renamed);
        tensors = std::move(renamed);
        return layout;
    }
    return std::nullopt;
}

}  // namespace qat
