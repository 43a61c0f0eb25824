// Recognised, built without tensors, filled with those of the file.
#include "session/checkpoint_model.h"

#include <algorithm>

#include "base/error.h"
#include "models/detector.h"
#include "models/family.h"
#include "models/recognise.h"
#include "session/checkpoint_notes.h"
#include "session/fused_form.h"
#include "session/stored_styles.h"
#include "train/quantizer_state.h"

namespace qat {
namespace {

// The table as it stands, with as many classes and the anchors that the weights are for.
Layout tableFor(NamedTensors& tensors, const Layout& table) {
    tensors = withOwnPrefix(tensors);
    Layout stored = table;
    takeHeadFrom(tensors, stored);
    stored.regMax = table.regMax, stored.endToEnd = table.endToEnd;
    return stored;
}

Layout layoutIn(NamedTensors& tensors, const Checkpoint& checkpoint, const Layout* table) {
    Layout layout =
        table ? tableFor(tensors, *table) : recognise(tensors, checkpoint.moduleClass, checkpoint.architectureJson);
    const size_t levels = layout.anchors.size(), each = levels > 0 ? checkpoint.anchors.size() / levels : 0;
    for (size_t i = 0; each > 0 && i < levels; ++i)  // as found in the data, where those of the table were only a start
        layout.anchors[i].assign(checkpoint.anchors.begin() + static_cast<std::ptrdiff_t>(i * each),
                                 checkpoint.anchors.begin() + static_cast<std::ptrdiff_t>((i + 1) * each));
    return layout;
}

Graph graphIn(NamedTensors& tensors, const Checkpoint& checkpoint, const std::string& source, const Layout* table) {
    try {
        const Layout layout = layoutIn(tensors, checkpoint, table);
        const ConvStyles styles = stylesIn(checkpoint);
        return buildDetector(layout, nullptr, &styles);
    } catch (const Error& error) {
        fail(error.kind(), source, ": ", error.what());
    }
}

// Without a layer the file's weights are another network's. What quantizers and corrections left is no layer.
void requireNoOtherLayers(const CheckpointModel& model, const NamedTensors& tensors, const std::string& source) {
    for (const auto& [name, tensor] : tensors)
        require(tensor->dim() != 4 || !name.ends_with(".weight") || !std::ranges::binary_search(model.ignored, name),
                ErrorKind::BadInput, source, ": ", name, " belongs to a layer that the network has not");
}

}  // namespace

NamedTensors tensorsOf(const Checkpoint& checkpoint) {
    NamedTensors tensors;
    for (const NamedTensor& entry : checkpoint.tensors) tensors.emplace_back(entry.name, entry.tensor);
    return tensors;
}

void adoptClassNames(Graph& graph, const Checkpoint& checkpoint) {
    const auto count = static_cast<int64_t>(checkpoint.classNames.size());
    if (count == graph.info.numClasses) graph.info.classNames = checkpoint.classNames;
}

void requireSound(const Graph& graph, const std::string& source) {
    const std::vector<std::string> unsound = unsoundValues(graph);
    if (unsound.empty()) return;
    const size_t others = unsound.size() - 1;
    fail(
        ErrorKind::BadInput, source, ": ", unsound.front(),
        others > 0 ? str(", and ", others, others == 1 ? " more tensor is like it" : " more tensors are like it") : "");
}

CheckpointModel modelIn(Checkpoint checkpoint, const std::string& source, const Layout* table) {
    NamedTensors tensors = tensorsOf(checkpoint);
    CheckpointModel model{graphIn(tensors, checkpoint, source, table), {}};
    if (checkpoint.batchNormFolded) adoptFusedForm(model.graph, tensors);
    adoptBiases(model.graph, checkpoint.tensors);
    model.ignored = loadWeights(model.graph, tensors, source);
    if (!model.graph.info.anchors.empty())  // taken by the table already
        std::erase_if(model.ignored, [](const std::string& entry) { return entry.ends_with(".anchors"); });
    if (table) requireNoOtherLayers(model, tensors, source);
    model.notes = notesOn(checkpoint, model.graph);
    adoptClassNames(model.graph, checkpoint);
    requireSound(model.graph, source);
    return model;
}

}  // namespace qat
