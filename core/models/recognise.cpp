// Candidates by the number of rows and the first convolution, then by all convolutions.
#include "models/recognise.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "models/detector.h"
#include "models/known_layouts.h"

namespace qat {
namespace {

// Weights of convolutions by name.
class Convolutions {
public:
    explicit Convolutions(const NamedTensors& tensors) {
        for (const auto& [name, tensor] : tensors)
            if (tensor->dim() == 4) m_shapes.emplace(name, tensor->sizes());
    }

    const at::IntArrayRef* find(const std::string& name) const {
        const auto found = m_shapes.find(name);
        return found == m_shapes.end() ? nullptr : &found->second;
    }
    size_t size() const { return m_shapes.size(); }

    // Of the first row that has any: 0, or 1 behind an identity.
    std::string first() const {
        for (const char* name : {"model.0.conv.weight", "model.1.conv.weight"})
            if (find(name)) return name;
        return "";
    }

    // The row with the last layers of a detection head, if there is one.
    std::optional<size_t> headRow() const {
        std::optional<size_t> row;
        for (const auto& [name, shape] : m_shapes) {
            const size_t dot = name.find('.', 6);
            if (!name.starts_with("model.") || dot == std::string::npos || !isLast(name.substr(dot + 1))) continue;
            const size_t index = std::strtoul(name.c_str() + 6, nullptr, 10);
            row = std::max(row.value_or(0), index);
        }
        return row;
    }

private:
    static bool isLast(std::string_view rest) {
        return rest == "cv3.0.2.weight" || rest == "one2one_cv3.0.2.weight" || rest == "m.0.weight";
    }

    std::unordered_map<std::string, at::IntArrayRef> m_shapes;
};

std::string headName(size_t row, const char* rest) {
    return str("model.", row, ".", rest);
}

void requireClasses(int64_t classes, const std::string& name) {
    require(classes >= 1 && classes <= kMostClasses, ErrorKind::BadInput, "a detector cannot have ", classes,
            " classes (rows of ", name, "), only 1 to ", kMostClasses);
}

// The last convolution of a branch of the first level, of whichever head is there.
const at::IntArrayRef* branchEnd(const Convolutions& convolutions, size_t row, const std::string& rest) {
    const auto* many = convolutions.find(headName(row, rest.c_str()));
    return many ? many : convolutions.find(headName(row, ("one2one_" + rest).c_str()));
}

// What the head makes beside boxes, as variantTask() says it.
std::string_view taskIn(const Convolutions& convolutions, size_t row) {
    if (convolutions.find(headName(row, "proto.cv1.conv.weight"))) return "seg";
    if (branchEnd(convolutions, row, "cv4_kpts.0.weight")) return "pose";
    const auto* last = branchEnd(convolutions, row, "cv4.0.2.weight");
    if (!last) return "";
    return (*last)[0] == 1 ? "obb" : "pose";
}

// How many key points a row of numbers is: their spreads say it, else three of each if that can be.
void takeKeypoints(const Convolutions& convolutions, size_t row, Layout& layout) {
    const auto* last = branchEnd(convolutions, row, "cv4_kpts.0.weight");
    if (!last) last = branchEnd(convolutions, row, "cv4.0.2.weight");
    if (!last) return;
    const auto numbers = static_cast<double>((*last)[0]);
    const auto& stated = layout.keypoints;
    if (stated.size() == 2 && stated[0] * stated[1] == numbers) return;
    const auto* spreads = branchEnd(convolutions, row, "cv4_sigma.0.weight");
    double each = (*last)[0] % 3 == 0 ? 3 : 2;
    if (spreads) each = std::floor(2 * numbers / static_cast<double>(std::max<int64_t>((*spreads)[0], 1)));
    layout.keypoints = {numbers / each, each};
}

void takeTask(const Convolutions& convolutions, size_t row, Layout& layout) {
    LayoutRow& head = layout.rows.back();
    if (head.module.starts_with("Pose")) takeKeypoints(convolutions, row, layout);
    const auto* coefficients = branchEnd(convolutions, row, "cv4.0.2.weight");
    if (head.module.starts_with("Segment") && head.args.size() > 1 && coefficients)
        head.args[1] = {LayoutArg::Kind::Number, static_cast<double>((*coefficients)[0])};
}

void takeHead(const Convolutions& convolutions, size_t row, Layout& layout) {
    const std::string anchored = headName(row, "m.0.weight"), classes = headName(row, "cv3.0.2.weight"),
                      single = headName(row, "one2one_cv3.0.2.weight");
    if (const auto* shape = convolutions.find(anchored); shape && !layout.anchors.empty()) {
        const auto count = static_cast<int64_t>(layout.anchors.front().size() / 2);
        layout.classes = (*shape)[0] / count - 5;
        return requireClasses(layout.classes, anchored);
    }
    const std::string& last = convolutions.find(classes) ? classes : single;
    const auto* shape = convolutions.find(last);
    if (!shape) return;
    layout.classes = (*shape)[0];
    requireClasses(layout.classes, last);
    const char* box = last == classes ? "cv2.0.2.weight" : "one2one_cv2.0.2.weight";
    if (const auto* sides = convolutions.find(headName(row, box)))
        layout.regMax = std::clamp<int64_t>((*sides)[0] / 4, 1, 64);
    layout.endToEnd = convolutions.find(single) != nullptr;
    layout.plainClasses = convolutions.find(headName(row, "cv3.0.0.conv.weight")) != nullptr;
    takeTask(convolutions, row, layout);
}

// A state dict has the anchors in places of their level, as they were found in the data; a table's are a start only.
void takeAnchors(const NamedTensors& tensors, size_t row, Layout& layout) {
    const std::string name = headName(row, "anchors");
    const auto found = std::ranges::find(tensors, name, &NamedTensors::value_type::first);
    if (layout.anchors.empty() || found == tensors.end()) return;
    const std::vector<int64_t> strides = buildDetector(layout, nullptr).info.strides;
    const size_t each = layout.anchors.front().size();
    require(found->second->numel() == static_cast<int64_t>(strides.size() * each), ErrorKind::BadInput, name, " has ",
            found->second->numel(), " numbers, expected ", each, " for each of ", strides.size(), " levels");
    const at::Tensor numbers = found->second->flatten();
    for (size_t i = 0; i < strides.size() * each; ++i) {
        const double side = numbers[static_cast<int64_t>(i)].item<double>() * static_cast<double>(strides[i / each]);
        require(std::isfinite(side) && side > 0, ErrorKind::BadInput, name, " has a side of ", side, " pixels");
        layout.anchors[i / each][i % each] = side;
    }
}

int64_t firstChannels(const Layout& layout) {
    const LayoutRow& row = layout.rows[layout.rows.front().module == "Identity" ? 1 : 0];
    const double nominal = std::min(row.args.front().number, layout.scale.maxChannels);
    return static_cast<int64_t>(std::ceil(nominal * layout.scale.width / 8) * 8);
}

// Convolutions that are as they should be, less those that are not and those of the file that nobody asks for.
int64_t fit(const Layout& layout, const Convolutions& convolutions) {
    const Graph graph = buildDetector(layout, nullptr);
    int64_t found = 0, lacking = 0;
    for (const ValueId id : graph.storedValues()) {
        const Value& value = graph.value(id);
        if (value.shape.size() != 4) continue;
        const at::IntArrayRef* shape = convolutions.find(value.name);
        (shape && *shape == at::IntArrayRef(value.shape) ? found : lacking)++;
    }
    return 2 * found - lacking - static_cast<int64_t>(convolutions.size());
}

std::vector<Layout> candidates(const Convolutions& convolutions, size_t headRow) {
    const int64_t width = (*convolutions.find(convolutions.first()))[0];
    const bool anchored = convolutions.find(headName(headRow, "m.0.weight")) != nullptr;
    const std::string_view task = taskIn(convolutions, headRow);
    std::vector<Layout> found;
    for (const Architecture& family : kArchitectures)
        for (const std::string_view variant : family.variants) {
            if (isClassifier(family, variant) || variantTask(variant) != task) continue;
            Layout layout = knownLayout(family, variant);
            const bool fits = layout.rows.size() == headRow + 1 && firstChannels(layout) == width &&
                              layout.anchors.empty() != anchored;
            if (fits) found.push_back(std::move(layout));
        }
    return found;
}

}  // namespace

void takeHeadFrom(const NamedTensors& tensors, Layout& layout) {
    const Convolutions convolutions(tensors);
    const auto row = convolutions.headRow();
    if (!row) return;
    takeHead(convolutions, *row, layout);
    takeAnchors(tensors, *row, layout);
}

Recognition recogniseLayout(const NamedTensors& tensors) {
    const Convolutions convolutions(tensors);
    if (convolutions.first().empty()) return {std::nullopt, "model.0.conv.weight"};
    const auto row = convolutions.headRow();
    if (!row) return {std::nullopt, "model.22.cv3.0.2.weight, with which the head of a detector ends"};
    Recognition best;
    int64_t bestFit = 0;
    for (Layout& layout : candidates(convolutions, *row)) {
        takeHead(convolutions, *row, layout);
        const int64_t here = fit(layout, convolutions);
        if (best.layout && here <= bestFit) continue;
        bestFit = here;
        best.layout = std::move(layout);
    }
    require(best.layout.has_value(), ErrorKind::BadInput, "no known detector whose head is row ", *row, " starts with ",
            (*convolutions.find(convolutions.first()))[0],
            " channels; a whole checkpoint, which carries its table of layers, can be read");
    takeAnchors(tensors, *row, *best.layout);
    return best;
}

}  // namespace qat
