// Recognised, built without tensors, filled with those of the file.
#include "session/checkpoint_model.h"

#include "base/error.h"
#include "models/detector.h"
#include "models/family.h"
#include "passes/pipeline.h"
#include "session/stored_styles.h"
#include "train/quantizer_state.h"

namespace qat {
namespace {

Layout layoutIn(NamedTensors& tensors, const Checkpoint& checkpoint) {
    Layout layout = recognise(tensors, checkpoint.moduleClass, checkpoint.architectureJson);
    const size_t levels = layout.anchors.size(), each = levels > 0 ? checkpoint.anchors.size() / levels : 0;
    for (size_t i = 0; each > 0 && i < levels; ++i)  // as found in the data, where those of the table were only a start
        layout.anchors[i].assign(checkpoint.anchors.begin() + static_cast<std::ptrdiff_t>(i * each),
                                 checkpoint.anchors.begin() + static_cast<std::ptrdiff_t>((i + 1) * each));
    return layout;
}

Graph graphIn(NamedTensors& tensors, const Checkpoint& checkpoint, const std::string& source) {
    try {
        const Layout layout = layoutIn(tensors, checkpoint);
        const ConvStyles styles = stylesIn(checkpoint);
        return buildDetector(layout, nullptr, &styles);
    } catch (const Error& error) {
        fail(error.kind(), source, ": ", error.what());
    }
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

CheckpointModel modelIn(Checkpoint checkpoint, const std::string& source) {
    NamedTensors tensors = tensorsOf(checkpoint);
    CheckpointModel model{graphIn(tensors, checkpoint, source), {}};
    if (checkpoint.batchNormFolded) runPasses(model.graph, PassId::FoldBatchNorms);
    adoptBiases(model.graph, checkpoint.tensors);
    model.ignored = loadWeights(model.graph, tensors, source);
    adoptClassNames(model.graph, checkpoint);
    requireSound(model.graph, source);
    return model;
}

}  // namespace qat
