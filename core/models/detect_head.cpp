// Head construction. Per level the raw map is concat(box logits [4 regMax], class logits); decoding flattens the
// levels, takes the expectation over each side's regMax bins and turns distances from the anchor point into boxes.
#include "models/detect_head.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace qat {
namespace {

// Prior of a class score: 5 objects an image of 640 pixels, spread over the classes and cells (Ultralytics' start).
float classBias(int64_t classes, int64_t stride) {
    const double cells = 640.0 / static_cast<double>(stride);
    return static_cast<float>(std::log(5.0 / static_cast<double>(classes) / (cells * cells)));
}

// The frozen weight of the expectation over bins, which both heads share.
ValueId binWeights(Graph& graph, const std::string& name) {
    const int64_t bins = graph.info.regMax;
    const auto weights = std::make_shared<at::Tensor>(at::arange(bins, at::kFloat).reshape({1, bins, 1, 1}));
    return graph.addBuffer(name + ".dfl.conv.weight", weights, {1, bins, 1, 1});
}

// Distances [N,4,A] in grid units from [N, 4 regMax, A] logits: softmax over the bins, then their expectation, written
// as the frozen 1x1 convolution that the state dict carries.
ValueId expectation(Graph& graph, const std::string& name, ValueId logits, ValueId weight) {
    const int64_t bins = graph.info.regMax;
    ValueId x = graph.add(name + ".bins", Reshape{{0, 4, bins, -1}}, {logits});
    x = graph.add(name + ".transpose", Permute{{0, 2, 1, 3}}, {x});
    x = graph.add(name + ".softmax", Softmax{1}, {x});
    const NodeId conv = graph.addNode(name + ".conv", Conv2d{}, {x, weight});
    graph.node(conv).role = NodeRole::Projection;
    x = graph.node(conv).outputs.front();
    return graph.add(name + ".sides", Reshape{{0, 4, -1}}, {x});
}

// One head: its branches, and its decoded boxes and scores.
class OneHead {
public:
    // `prefix` stands before cv2 and cv3; `scope` is where its other nodes are.
    OneHead(ModuleBuilder& builder, const std::string& name, const std::string& prefix, const std::string& scope,
            const HeadForm& form, ValueId firstFeature)
        : m_graph(builder.graph()), m_builder(builder), m_prefix(str(name, ".", prefix)), m_scope(scope), m_form(form) {
        const ModelInfo& info = m_graph.info;
        const int64_t first = builder.channels(firstFeature);
        m_boxWidth = std::max<int64_t>({16, first / 4, 4 * info.regMax});
        m_classWidth = std::max(first, std::min<int64_t>(info.numClasses, 100));
    }

    // Per level the box and class logits, joined.
    std::vector<ValueId> rawMaps(const std::vector<ValueId>& features) {
        std::vector<ValueId> maps;
        for (size_t level = 0; level < features.size(); ++level) maps.push_back(rawMap(level, features[level]));
        return maps;
    }

    // Boxes and scores of all levels. `bins`: binWeights(), with more than one bin; `task` says what boxes are.
    ValueId decoded(const std::vector<ValueId>& maps, ValueId bins, TaskBranch& task) {
        const int64_t sides = 4 * m_graph.info.regMax, classes = m_graph.info.numClasses;
        std::vector<ValueId> flat;
        for (size_t level = 0; level < maps.size(); ++level)
            flat.push_back(
                m_graph.add(str(m_scope, ".flat.", level), Reshape{{0, sides + classes, -1}}, {maps[level]}));
        const ValueId all = m_graph.add(m_scope + ".levels", Concat{2}, flat);
        const NodeId parts = m_graph.addNode(m_scope + ".split", Split{1, {sides, classes}}, {all}, 2);
        const std::string dfl = m_scope + ".dfl";
        ValueId distances = m_graph.node(parts).outputs[0];
        if (m_graph.info.regMax > 1) distances = expectation(m_graph, dfl, distances, bins);
        const ValueId boxes = task.boxes(distances, maps);
        const ValueId scores =
            m_graph.add(m_scope + ".scores", Activation{ActivationKind::Sigmoid}, {m_graph.node(parts).outputs[1]});
        return m_graph.add(m_scope + ".decoded", Concat{1}, {boxes, scores});
    }

private:
    ValueId rawMap(size_t level, ValueId feature) {
        const ModelInfo& info = m_graph.info;
        const std::string box = str(m_prefix, "cv2.", level), classes = str(m_prefix, "cv3.", level);
        const size_t first = m_graph.order().size();
        ValueId x = plainConvs(box, feature, m_boxWidth);
        if (info.regMax == 1) setRole(first, NodeRole::PlainSides);
        const ValueId sides = last(box, x, 4 * info.regMax, 1.0f);
        x = m_form.plainClasses ? plainConvs(classes, feature, m_classWidth) : separableConvs(classes, feature);
        const ValueId scores = last(classes, x, info.numClasses, classBias(info.numClasses, info.strides[level]));
        return m_graph.add(str(m_scope, ".cat.", level), Concat{1}, {sides, scores});
    }
    ValueId plainConvs(const std::string& name, ValueId x, int64_t width) {
        return m_builder.conv(name + ".1", m_builder.conv(name + ".0", x, width, 3), width, 3);
    }
    ValueId separableConvs(const std::string& name, ValueId x) {
        const size_t first = m_graph.order().size();
        for (int i = 0; i < 2; ++i) {
            const int64_t in = m_builder.channels(x);
            x = m_builder.conv(str(name, ".", i, ".0"), x, in, 3, 1, in);
            x = m_builder.conv(str(name, ".", i, ".1"), x, m_classWidth, 1);
        }
        setRole(first, NodeRole::SeparableClasses);
        return x;
    }
    // Of the nodes from the `first` on.
    void setRole(size_t first, NodeRole role) {
        for (size_t i = first; i < m_graph.order().size(); ++i) m_graph.node(m_graph.order()[i]).role = role;
    }
    ValueId last(const std::string& name, ValueId x, int64_t outputs, float bias) {
        const ValueId y = m_builder.convWithBias(name + ".2", x, outputs, 1, bias);
        m_graph.node(m_graph.order().back()).role = NodeRole::HeadLast;
        return y;
    }

    Graph& m_graph;
    ModuleBuilder& m_builder;
    std::string m_prefix, m_scope;
    HeadForm m_form;
    int64_t m_boxWidth = 0, m_classWidth = 0;
};

std::vector<ValueId> detached(ModuleBuilder& builder, const std::string& name, const std::vector<ValueId>& features) {
    std::vector<ValueId> made;
    for (size_t level = 0; level < features.size(); ++level) {
        const ValueId feature = features[level];
        made.push_back(builder.graph().add(str(name, ".detach.", level), Detach{}, {feature}));
        builder.setChannels(made.back(), builder.channels(feature), builder.stride(feature));
    }
    return made;
}

void setOutputs(Graph& graph, const std::string& prefix, const std::vector<ValueId>& maps, ValueId decoded,
                bool other) {
    for (size_t level = 0; level < maps.size(); ++level)
        graph.setOutput(str(prefix, "head.", level), maps[level],
                        other ? OutputRole::OtherRawHead : OutputRole::RawHead);
    graph.setOutput(prefix + "decoded", decoded, other ? OutputRole::OtherDecoded : OutputRole::Decoded);
}

void addOneHead(ModuleBuilder& builder, const std::string& name, const std::vector<ValueId>& features,
                const HeadForm& form) {
    Graph& graph = builder.graph();
    OneHead head(builder, name, "", name, form, features.front());
    const std::vector<ValueId> maps = head.rawMaps(features);
    TaskBranch task(builder, form.task, name + ".", name, features);
    const ValueId bins = graph.info.regMax > 1 ? binWeights(graph, name) : ValueId{};
    setOutputs(graph, "", maps, head.decoded(maps, bins, task), false);
    task.setOutputs(false);
}

void addTwoHeads(ModuleBuilder& builder, const std::string& name, const std::vector<ValueId>& features,
                 const HeadForm& form) {
    Graph& graph = builder.graph();
    OneHead many(builder, name, "", name + ".one2many", form, features.front());
    const std::vector<ValueId> manyMaps = many.rawMaps(features);
    TaskBranch manyTask(builder, form.task, name + ".", name + ".one2many", features);
    const std::string scope = name + ".one2one";
    OneHead one(builder, name, "one2one_", scope, form, features.front());
    const std::vector<ValueId> apart = detached(builder, scope, features), oneMaps = one.rawMaps(apart);
    TaskBranch oneTask(builder, form.task, name + ".one2one_", scope, apart);
    const ValueId bins = graph.info.regMax > 1 ? binWeights(graph, name) : ValueId{};
    setOutputs(graph, "", oneMaps, one.decoded(oneMaps, bins, oneTask), false);
    oneTask.setOutputs(false);
    setOutputs(graph, std::string(kOtherHead), manyMaps, many.decoded(manyMaps, bins, manyTask), true);
    manyTask.setOutputs(true);
    graph.info.head = kOneToOne;
    for (const char* branch : {".cv2.", ".cv3."})
        graph.aliases.push_back({name + branch, str(name, ".one2many_", branch + 1)});
}

}  // namespace

ValueId decodeDistances(Graph& graph, const std::string& name, ValueId distances, const std::vector<ValueId>& maps) {
    const NodeId anchors = graph.addNode(name + ".anchors", AnchorPoints{graph.info.strides}, maps, 2);
    const ValueId points = graph.node(anchors).outputs[0], strides = graph.node(anchors).outputs[1];
    const NodeId sides = graph.addNode(name + ".lt_rb", Split{1, {2, 2}}, {distances}, 2);
    const ValueId low = graph.add(name + ".low", Binary{BinaryKind::Sub}, {points, graph.node(sides).outputs[0]});
    const ValueId high = graph.add(name + ".high", Binary{BinaryKind::Add}, {points, graph.node(sides).outputs[1]});
    const ValueId sum = graph.add(name + ".sum", Binary{BinaryKind::Add}, {low, high});
    const ValueId two = graph.addConstant(name + ".two", {2.0f});
    const ValueId centre = graph.add(name + ".centre", Binary{BinaryKind::Div}, {sum, two});
    const ValueId size = graph.add(name + ".size", Binary{BinaryKind::Sub}, {high, low});
    const ValueId boxes = graph.add(name + ".boxes", Concat{1}, {centre, size});
    return graph.add(name + ".pixels", Binary{BinaryKind::Mul}, {boxes, strides});
}

void markHead(Graph& graph, const std::string& name, size_t first) {
    for (size_t i = first; i < graph.order().size(); ++i)
        if (NodeRole& role = graph.node(graph.order()[i]).role; role == NodeRole::None) role = NodeRole::Head;
    graph.aliases.push_back({name + ".", name + ".detect."});
}

void addDetectHead(Graph& graph, ModuleBuilder& builder, const std::string& name, const std::vector<ValueId>& features,
                   const HeadForm& form) {
    const size_t first = graph.order().size();
    if (form.endToEnd)
        addTwoHeads(builder, name, features, form);
    else
        addOneHead(builder, name, features, form);
    addTaskExtras(builder, form.task, name, features);
    markHead(graph, name, first);
}

}  // namespace qat
