// The layer list of YOLOv8 and its five scales.
#include "models/yolov8.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "config/architectures.h"
#include "models/detect_head.h"
#include "models/module_builder.h"

namespace qat {
namespace {

struct Scale {
    char variant;
    double depth, width;
    int64_t maxChannels;
};
constexpr std::array kScales{Scale{'n', 0.33, 0.25, 1024}, Scale{'s', 0.33, 0.50, 1024}, Scale{'m', 0.67, 0.75, 768},
                             Scale{'l', 1.00, 1.00, 512}, Scale{'x', 1.00, 1.25, 512}};

const Scale& scaleOf(std::string_view variant) {
    const auto found =
        std::ranges::find_if(kScales, [&](const Scale& s) { return variant == std::string_view(&s.variant, 1); });
    require(found != kScales.end(), ErrorKind::BadInput, "YOLOv8 has no variant \"", variant,
            "\": it is one of n, s, m, l, x");
    return *found;
}

int64_t channelsAt(const Scale& scale, int64_t nominal) {
    const double scaled = static_cast<double>(std::min(nominal, scale.maxChannels)) * scale.width;
    return static_cast<int64_t>(std::ceil(scaled / 8) * 8);
}

int64_t repeatsAt(const Scale& scale, int64_t nominal) {
    return std::max<int64_t>(static_cast<int64_t>(std::nearbyint(static_cast<double>(nominal) * scale.depth)), 1);
}

// The layers in order; `from` follows the family's layer table.
class Yolov8Builder {
public:
    Yolov8Builder(Graph& graph, Random* random, const Scale& scale)
        : m_graph(graph), m_blocks(graph, random), m_scale(scale) {}

    void build() {
        const ValueId image = m_graph.addInput("images", {1, 3, 640, 640});
        m_blocks.setChannels(image, 3);
        push(m_blocks.conv(name(), image, width(64), 3, 2));
        down(128), c2f(128, 3, true);
        down(256), c2f(256, 6, true);
        down(512), c2f(512, 6, true);
        down(1024), c2f(1024, 3, true);
        push(m_blocks.sppf(name(), m_layers.back(), width(1024), 5));
        up(), concat(6), c2f(512, 3, false);
        up(), concat(4), c2f(256, 3, false);
        down(256), concat(12), c2f(512, 3, false);
        down(512), concat(9), c2f(1024, 3, false);
        for (const int kept : {4, 6, 9, 12, 15, 18, 21})
            m_graph.setOutput(str("model.", kept), m_layers[kept],
                              kept == 9 ? OutputRole::Backbone : OutputRole::Feature);
        addDetectHead(m_graph, m_blocks, name(), {m_layers[15], m_layers[18], m_layers[21]});
        m_graph.aliases.push_back({"model.", "model.model."});  // as the trainer's front class calls it
    }

private:
    std::string name() const { return str("model.", m_layers.size()); }
    int64_t width(int64_t nominal) const { return channelsAt(m_scale, nominal); }
    void push(ValueId value) { m_layers.push_back(value); }
    void down(int64_t nominal) { push(m_blocks.conv(name(), m_layers.back(), width(nominal), 3, 2)); }
    void c2f(int64_t nominal, int64_t repeats, bool shortcut) {
        push(m_blocks.c2f(name(), m_layers.back(), width(nominal), repeatsAt(m_scale, repeats), shortcut));
    }
    void up() {
        const ValueId x = m_layers.back();
        push(m_graph.add(name(), Resize{2}, {x}));
        m_blocks.setChannels(m_layers.back(), m_blocks.channels(x));
    }
    void concat(size_t other) {
        const ValueId x = m_layers.back(), y = m_layers[other];
        push(m_graph.add(name(), Concat{1}, {x, y}));
        m_blocks.setChannels(m_layers.back(), m_blocks.channels(x) + m_blocks.channels(y));
    }

    Graph& m_graph;
    ModuleBuilder m_blocks;
    const Scale& m_scale;
    std::vector<ValueId> m_layers;
};

Graph build(std::string_view variant, int64_t numClasses, Random* random) {
    require(numClasses >= 1 && numClasses <= 100000, ErrorKind::BadInput, "a detector cannot have ", numClasses,
            " classes");
    Graph graph;
    graph.info = {std::string(kYolov8.name), std::string(variant), numClasses, {}, {8, 16, 32}, 16};
    for (int64_t i = 0; i < numClasses; ++i) graph.info.classNames.push_back(str("class", i));
    Yolov8Builder(graph, random, scaleOf(variant)).build();
    return graph;
}

}  // namespace

Graph buildYolov8(std::string_view variant, int64_t numClasses, Random& random) {
    return build(variant, numClasses, &random);
}

Graph buildYolov8(std::string_view variant, int64_t numClasses) {
    return build(variant, numClasses, nullptr);
}

}  // namespace qat
