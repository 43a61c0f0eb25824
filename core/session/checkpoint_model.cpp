// Recognised, built without tensors, filled with those of the file.
#include "session/checkpoint_model.h"

#include "base/error.h"
#include "models/family.h"
#include "passes/pipeline.h"
#include "train/quantizer_state.h"

namespace qat {
namespace {

FamilyMember memberIn(NamedTensors& tensors, const Checkpoint& checkpoint, const std::string& source) {
    try {
        return recognise(tensors, checkpoint.moduleClass);
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
    const FamilyMember member = memberIn(tensors, checkpoint, source);
    CheckpointModel model{member.family->build(member.spec, nullptr), {}};
    if (checkpoint.batchNormFolded) runPasses(model.graph, PassId::FoldBatchNorms);
    adoptBiases(model.graph, checkpoint.tensors);
    model.ignored = loadWeights(model.graph, tensors, source);
    adoptClassNames(model.graph, checkpoint);
    requireSound(model.graph, source);
    return model;
}

}  // namespace qat
