// From a graph to a checkpoint file.
#include "export/weights_file.h"

#include <ATen/ATen.h>

#include "base/files.h"
#include "import/checkpoint.h"
#include "models/weights.h"

namespace qat {

void saveWeights(const std::filesystem::path& file, const Graph& graph, WeightType type) {
    const bool half = type == WeightType::Float16;
    Checkpoint checkpoint;
    for (const auto& [name, tensor] : stateDict(graph)) {
        const at::Tensor data = tensor->detach();
        const char* type = half ? "float16" : "float32";
        checkpoint.tensors.push_back({name, std::make_shared<at::Tensor>(half ? data.to(at::kHalf) : data), type});
    }
    checkpoint.numClasses = graph.info.numClasses;
    if (static_cast<int64_t>(graph.info.classNames.size()) == graph.info.numClasses)
        checkpoint.classNames = graph.info.classNames;
    checkpoint.strides = graph.info.strides;
    checkpoint.architectureJson = graph.info.table;
    checkpoint.metadata = {{"qatelier.architecture", graph.info.architecture},
                           {"qatelier.variant", graph.info.variant}};
    writeCheckpoint(file, checkpoint);
}

std::filesystem::path graphFile(std::filesystem::path weights) {
    return weights.replace_extension(".graph");
}

void saveWeightsWithGraph(const std::filesystem::path& file, const Graph& graph) {
    writeFileAtomic(graphFile(file), dumpGraph(graph));
    saveWeights(file, graph);
}

}  // namespace qat
