// The operations of both forms.
#include "export/file_output.h"

#include <algorithm>

#include "base/error.h"
#include "config/export_formats.h"

namespace qat {
namespace {

std::string endToEndTrouble(const Graph& graph) {
    constexpr const char* kNeeds = ", whose boxes need non-maximum suppression";
    if (graph.info.head == kOneToMany)
        return str("export.output is end2end, but the deployed head is ", kOneToMany, kNeeds, ": deploy ", kOneToOne,
                   " (model.head), or take decoded");
    if (graph.info.head != kOneToOne)
        return str("export.output is end2end, but the model has one head", kNeeds,
                   "; only YOLOv10 and YOLO26 have another: take decoded");
    if (!graph.outputNames(OutputRole::Extra).empty())
        return "export.output is end2end, whose rows have no place for what this model gives beside its boxes: take "
               "decoded";
    return "";
}

ValueId columns(Graph& graph, const std::string& name, ValueId vector) {
    return graph.add(name, Reshape{{0, -1, 1}}, {vector});
}

void addRaw(Graph& graph) {
    const int64_t channels = 4 * graph.info.regMax + graph.info.numClasses;
    std::vector<ValueId> levels;
    for (const std::string& map : graph.outputNames(OutputRole::RawHead))
        levels.push_back(graph.add("file.flat." + map, Reshape{{0, channels, -1}}, {graph.output(map)}));
    graph.setOutput(kFileOutput, graph.add("file.raw", Concat{2}, levels));
}

// The best of every list, and where they were.
std::pair<ValueId, ValueId> best(Graph& graph, const std::string& name, ValueId list, int64_t count) {
    const NodeId node = graph.addNode(name, TopK{count}, {list}, 2);
    return {graph.node(node).outputs[0], graph.node(node).outputs[1]};
}

std::pair<ValueId, ValueId> split(Graph& graph, const std::string& name, ValueId x, int64_t first, int64_t second) {
    const NodeId node = graph.addNode(name, Split{2, {first, second}}, {x}, 2);
    return {graph.node(node).outputs[0], graph.node(node).outputs[1]};
}

// [N, rows, 4] centre and size -> corners.
ValueId corners(Graph& graph, ValueId boxes) {
    const auto [centre, size] = split(graph, "file.sides", boxes, 2, 2);
    const ValueId two = graph.addConstant("file.two", {2.0f});
    const ValueId half = graph.add("file.half", Binary{BinaryKind::Div}, {size, two});
    const ValueId low = graph.add("file.low", Binary{BinaryKind::Sub}, {centre, half});
    const ValueId high = graph.add("file.high", Binary{BinaryKind::Add}, {centre, half});
    return graph.add("file.corners", Concat{2}, {low, high});
}

// The anchors with the best scores, then the best of their scores: an anchor may give several classes.
void addEndToEnd(Graph& graph) {
    const ValueId decoded = graph.output(decodedOutput(graph));
    const int64_t anchors = graph.value(decoded).shape.at(2), classes = graph.info.numClasses;
    const int64_t kept = std::min(kEndToEndRows, anchors), rows = std::min(kEndToEndRows, kept * classes);
    const ValueId turned = graph.add("file.turned", Permute{{0, 2, 1}}, {decoded});
    const ValueId all = split(graph, "file.all", turned, 4, classes).second;
    const ValueId tops = graph.add("file.tops", Reduce{ReduceKind::Max, {2}, false}, {all});
    const ValueId anchor = best(graph, "file.anchors", tops, kept).second;
    const auto [boxes, scores] =
        split(graph, "file.kept", graph.add("file.taken", TakeAlong{1}, {turned, anchor}), 4, classes);
    const auto [score, place] = best(graph, "file.best", graph.add("file.pairs", Reshape{{0, -1}}, {scores}), rows);
    const ValueId count = graph.addConstant("file.classes", {static_cast<float>(classes)});
    const ValueId rank = graph.add("file.rank", Binary{BinaryKind::FloorDivide}, {place, count});
    const ValueId before = graph.add("file.before", Binary{BinaryKind::Mul}, {rank, count});
    const ValueId label = graph.add("file.class", Binary{BinaryKind::Sub}, {place, before});
    const ValueId found = graph.add("file.boxes", TakeAlong{1}, {boxes, rank});
    const ValueId table =
        graph.add("file.rows", Concat{2},
                  {corners(graph, found), columns(graph, "file.scores", score), columns(graph, "file.labels", label)});
    graph.setOutput(kFileOutput, table);
}

}  // namespace

std::string fileOutputTrouble(const Graph& graph, ExportOutput output) {
    if (output == ExportOutput::Decoded) return "";
    if (graph.outputNames(OutputRole::RawHead).empty() || graph.outputNames(OutputRole::Decoded).empty())
        return str("export.output is ", exportOutputWord(output),
                   ", but the model has no detection head: take decoded");
    if (output == ExportOutput::EndToEnd) return endToEndTrouble(graph);
    return graph.info.anchors.empty() ? ""
                                      : "export.output is raw, but the head has anchors, whose maps have no common "
                                        "form over the levels: take decoded";
}

void addFileOutput(Graph& graph, ExportOutput output) {
    const std::string trouble = fileOutputTrouble(graph, output);
    require(trouble.empty(), ErrorKind::Unsupported, trouble);
    if (output == ExportOutput::Raw) addRaw(graph);
    if (output == ExportOutput::EndToEnd) addEndToEnd(graph);
}

}  // namespace qat
