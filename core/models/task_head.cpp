// The branches are convolutions as the others are; what they make is flattened level after level.
#include "models/task_head.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "models/detect_head.h"
#include "models/rotated_boxes.h"

namespace qat {
namespace {

constexpr int64_t kMostOfAnAnchor = 4096;

struct TaskRow {
    std::string_view module;
    TaskKind kind;
    bool second;
};
constexpr std::array kTaskRows{
    TaskRow{"Segment", TaskKind::Masks, false},  TaskRow{"Segment26", TaskKind::Masks, true},
    TaskRow{"Pose", TaskKind::KeyPoints, false}, TaskRow{"Pose26", TaskKind::KeyPoints, true},
    TaskRow{"OBB", TaskKind::Angles, false},     TaskRow{"OBB26", TaskKind::Angles, true},
};

void takeKeypoints(const ModuleCall& call, TaskForm& form) {
    std::vector<double> shape = call.layout.keypoints;
    if (!call.args.empty() && call.args[0].kind == LayoutArg::Kind::List) shape = call.args[0].list;
    const bool whole = shape.size() == 2 && std::ranges::all_of(shape, [](double x) { return x == std::floor(x); });
    require(whole && shape[0] >= 1 && shape[0] <= 1000 && (shape[1] == 2 || shape[1] == 3), ErrorKind::BadInput,
            call.name, ": kpt_shape is not how many key points there are, 1 to 1000, and 2 or 3 numbers of each");
    form.keypoints = static_cast<int64_t>(shape[0]), form.numbersOfEach = static_cast<int64_t>(shape[1]);
    form.numbers = form.keypoints * form.numbersOfEach;
}

void takeMasks(const ModuleCall& call, TaskForm& form) {
    form.numbers = call.whole(0, 32);
    form.prototypeWidth = call.channels;
    require(form.numbers >= 1 && form.numbers <= kMostOfAnAnchor, ErrorKind::BadInput, call.name,
            ": it mixes masks of ", form.numbers, " prototypes, not 1 to ", kMostOfAnAnchor);
}

// Twice as large and mixed down to one map a coefficient.
ValueId prototypes(ModuleBuilder& b, const std::string& name, ValueId feature, const TaskForm& form) {
    const int64_t width = form.prototypeWidth;
    const ValueId x = b.conv(name + ".cv1", feature, width, 3);
    const std::string up = name + ".upsample";
    const ValueId weight = b.weight(up + ".weight", {width, width, 2, 2}), bias = b.parameter(up + ".bias", {width}, 0);
    const ValueId large = b.graph().add(up, ConvTranspose2d{{2, 2}}, {x, weight, bias});
    b.setChannels(large, width, b.stride(x) / 2);
    return b.conv(name + ".cv3", b.conv(name + ".cv2", large, width, 3), form.numbers, 1);
}

// The finest level with what the coarser ones add to it.
ValueId refined(ModuleBuilder& b, const std::string& name, const std::vector<ValueId>& features) {
    ValueId sum = features.front();
    for (size_t i = 1; i < features.size(); ++i) {
        const std::string refine = str(name, ".feat_refine.", i - 1);
        const ValueId map = b.conv(refine, features[i], b.channels(sum), 1);
        const auto factor = static_cast<int64_t>(b.stride(map) / b.stride(sum));
        require(factor >= 1, ErrorKind::BadInput, refine, ": its level is finer than the first");
        sum = b.add(refine + ".add", sum, factor > 1 ? b.resize(refine + ".resize", map, factor) : map);
    }
    return sum;
}

// Classes of places, by which only training judges the feature.
ValueId semantics(ModuleBuilder& b, const std::string& name, ValueId feature, int64_t width) {
    const ValueId x = b.conv(name + ".1", b.conv(name + ".0", feature, width, 3), width, 3);
    return b.convWithBias(name + ".2", x, b.graph().info.numClasses, 1, 0);
}

// The density of errors of key points that training judges by: six pairs of small networks between two numbers, which
// read no picture. Kept as one row of numbers, so that they stay with the model.
ValueId densityWeights(ModuleBuilder& b, const std::string& name) {
    constexpr std::array<int64_t, 4> kWidths{2, 64, 64, 2};
    Graph& graph = b.graph();
    std::vector<ValueId> parts;
    const auto add = [&](ValueId stored) {
        parts.push_back(graph.add(graph.value(stored).name + ".row", Reshape{{-1}}, {stored}));
    };
    for (const char* net : {".s.", ".t."})
        for (int pair = 0; pair < 6; ++pair)
            for (size_t layer = 0; layer + 1 < kWidths.size(); ++layer) {
                const std::string linear = str(name, net, pair, ".", 2 * layer);
                add(b.weight(linear + ".weight", {kWidths[layer + 1], kWidths[layer]}));
                add(b.parameter(linear + ".bias", {kWidths[layer + 1]}, 0));
            }
    return graph.add(name, Concat{0}, parts);
}

}  // namespace

TaskForm taskFormOf(std::string_view module, const ModuleCall& call) {
    const auto row = std::ranges::find(kTaskRows, module, &TaskRow::module);
    if (row == kTaskRows.end()) return {};
    require(call.layout.anchors.empty(), ErrorKind::BadInput, call.name,
            ": of heads with anchors only Detect is known");
    TaskForm form{row->kind, row->second};
    if (form.kind == TaskKind::Masks) takeMasks(call, form);
    if (form.kind == TaskKind::KeyPoints) takeKeypoints(call, form);
    if (form.kind == TaskKind::Angles) {
        form.numbers = call.whole(0, 1);
        require(form.numbers == 1, ErrorKind::BadInput, call.name, ": it makes ", form.numbers,
                " angles of a box, where 1 is known");
    }
    return form;
}

TaskBranch::TaskBranch(ModuleBuilder& builder, const TaskForm& form, const std::string& prefix,
                       const std::string& scope, const std::vector<ValueId>& features)
    : m_graph(builder.graph()), m_builder(builder), m_form(form), m_prefix(prefix), m_scope(scope) {
    if (form.kind != TaskKind::Boxes) build(features);
}

ValueId TaskBranch::last(const std::string& name, ValueId x, int64_t outputs) {
    const ValueId y = m_builder.convWithBias(name, x, outputs, 1, 0);
    m_graph.node(m_graph.order().back()).role = NodeRole::HeadLast;
    return y;
}

ValueId TaskBranch::featureConvs(const std::string& name, ValueId x, int64_t width) {
    return m_builder.conv(name + ".1", m_builder.conv(name + ".0", x, width, 3), width, 3);
}

// [N, channels, A], an output for calibration and comparisons.
ValueId TaskBranch::levels(const std::string& branch, const std::vector<ValueId>& maps) {
    std::vector<ValueId> flat;
    const int64_t channels = m_builder.channels(maps.front());
    for (size_t i = 0; i < maps.size(); ++i)
        flat.push_back(m_graph.add(str(m_scope, ".", branch, ".flat.", i), Reshape{{0, channels, -1}}, {maps[i]}));
    const ValueId all = m_graph.add(str(m_scope, ".", branch, ".levels"), Concat{2}, flat);
    const std::string path = m_prefix + branch;  // model.23.one2one_cv4
    m_graph.setOutput("raw." + path.substr(path.rfind('.') + 1), all, OutputRole::RawExtra);
    return all;
}

void TaskBranch::build(const std::vector<ValueId>& features) {
    const bool split = m_form.second && m_form.kind == TaskKind::KeyPoints;  // places and their spreads apart
    const int64_t spreads = 2 * m_form.keypoints, wanted = m_form.numbers + (split ? spreads : 0);
    const int64_t width = std::max(m_builder.channels(features.front()) / 4, wanted);
    std::vector<ValueId> maps, sigmas;
    for (size_t i = 0; i < features.size(); ++i) {
        const std::string name = str(m_prefix, "cv4.", i);
        const ValueId x = featureConvs(name, features[i], width);
        maps.push_back(last(split ? str(m_prefix, "cv4_kpts.", i) : name + ".2", x, m_form.numbers));
        if (split) sigmas.push_back(last(str(m_prefix, "cv4_sigma.", i), x, spreads));
    }
    m_raw = levels(split ? "cv4_kpts" : "cv4", maps);
    if (split) levels("cv4_sigma", sigmas);
}

ValueId TaskBranch::boxes(ValueId distances, const std::vector<ValueId>& maps) {
    if (m_form.kind != TaskKind::Angles) return decodeDistances(m_graph, m_scope, distances, maps);
    m_angles = angles();
    const RotatedBoxes made = decodeRotated(m_graph, m_scope, distances, m_angles, maps);
    m_rotated = made.rotated;
    return made.hulls;
}

// YOLO26's are radians as they come; before, a quarter turn back to three quarters ahead.
ValueId TaskBranch::angles() {
    if (m_form.second) return m_raw;
    const std::string name = m_scope + ".angle";
    const ValueId part = m_graph.add(name + ".sigmoid", Activation{ActivationKind::Sigmoid}, {m_raw});
    const ValueId turned =
        m_graph.add(name + ".turned", Binary{BinaryKind::Sub}, {part, m_graph.addConstant(name + ".quarter", {0.25f})});
    return m_graph.add(name, Binary{BinaryKind::Mul},
                       {turned, m_graph.addConstant(name + ".pi", {std::numbers::pi_v<float>})});
}

// x and y from the anchor point, before YOLO26 doubled and from the corner of its place.
ValueId TaskBranch::keypoints() {
    const std::string name = m_scope + ".keypoints";
    const auto anchors = m_graph.findNode(m_scope + ".anchors");
    ensure(anchors.has_value(), "key points before the boxes");
    const std::vector<ValueId> places = m_graph.node(*anchors).outputs;
    const auto binary = [&](const char* part, BinaryKind kind, ValueId x, ValueId y) {
        return m_graph.add(name + part, Binary{kind}, {x, y});
    };
    const bool seen = m_form.numbersOfEach == 3;
    const ValueId each = m_graph.add(name + ".each", Reshape{{0, m_form.keypoints, m_form.numbersOfEach, -1}}, {m_raw});
    std::vector<ValueId> parts{each};
    if (seen) parts = m_graph.node(m_graph.addNode(name + ".split", Split{2, {2, 1}}, {each}, 2)).outputs;
    ValueId points = places[0], xy = parts[0];
    if (!m_form.second) {
        points = binary(".corners", BinaryKind::Sub, points, m_graph.addConstant(name + ".half", {0.5f}));
        xy = binary(".doubled", BinaryKind::Mul, xy, m_graph.addConstant(name + ".two", {2.0f}));
    }
    xy = binary(".places", BinaryKind::Add, xy, m_graph.add(name + ".points", Reshape{{1, 1, 2, -1}}, {points}));
    xy = binary(".pixels", BinaryKind::Mul, xy, m_graph.add(name + ".strides", Reshape{{1, 1, 1, -1}}, {places[1]}));
    if (seen) {
        const ValueId visible = m_graph.add(name + ".visible", Activation{ActivationKind::Sigmoid}, {parts[1]});
        xy = m_graph.add(name + ".cat", Concat{2}, {xy, visible});
    }
    return m_graph.add(name, Reshape{{0, m_form.numbers, -1}}, {xy});
}

void TaskBranch::setOutputs(bool other) {
    const auto set = [&](const char* name, ValueId value) {
        m_graph.setOutput(str(other ? kOtherHead : "", name), value,
                          other ? OutputRole::OtherExtra : OutputRole::Extra);
    };
    if (m_form.kind == TaskKind::Masks) set("masks", m_raw);
    if (m_form.kind == TaskKind::KeyPoints) set("keypoints", keypoints());
    if (m_form.kind != TaskKind::Angles) return;
    set("angles", m_angles);
    set("rotated", m_rotated);
}

void addTaskExtras(ModuleBuilder& builder, const TaskForm& form, const std::string& name,
                   const std::vector<ValueId>& features) {
    Graph& graph = builder.graph();
    if (form.kind == TaskKind::KeyPoints && form.second)
        graph.setOutput("other.flow_model", densityWeights(builder, name + ".flow_model"), OutputRole::OtherExtra);
    if (form.kind != TaskKind::Masks) return;
    const std::string proto = name + ".proto";
    ValueId feature = features.front();
    if (form.second) {
        const ValueId sum = refined(builder, proto, features);
        graph.setOutput("raw.semseg", semantics(builder, proto + ".semseg", sum, form.prototypeWidth),
                        OutputRole::RawExtra);
        feature = builder.conv(proto + ".feat_fuse", sum, form.prototypeWidth, 3);
    }
    const ValueId protos = prototypes(builder, proto, feature, form);
    graph.setOutput("protos", protos, OutputRole::Extra);
    graph.setOutput("raw.proto", protos, OutputRole::RawExtra);
}

}  // namespace qat
