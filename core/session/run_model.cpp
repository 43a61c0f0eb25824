// The graph as the run wrote it, with the weights beside it.
#include "session/run_model.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "base/error.h"
#include "config/config_io.h"
#include "export/weights_file.h"
#include "import/checkpoint.h"
#include "import/read_mapped.h"
#include "models/weights.h"
#include "passes/pipeline.h"
#include "quant/unquantized.h"
#include "session/checkpoint_model.h"
#include "session/rebuilt_graph.h"
#include "session/width_search.h"

namespace qat {
namespace {

// The weights that stand for a run: the final ones, else the best, else the last.
std::filesystem::path weightsOf(const std::filesystem::path& folder) {
    std::error_code unreadable;
    for (const char* name : {"final.safetensors", "best.safetensors", "last.safetensors"})
        if (const auto file = folder / "weights" / name; std::filesystem::exists(file, unreadable)) return file;
    fail(ErrorKind::BadInput, folder.string(), " holds no weights yet, or they were not kept with it");
}

Graph readGraph(const std::filesystem::path& file) {
    return readMapped(file, [](std::span<const std::byte> bytes) {
        return parseGraph({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    });
}

}  // namespace

bool isRunFolder(const std::filesystem::path& path) {
    std::error_code unreadable;  // then opening it says so
    return std::filesystem::is_regular_file(path / "config.yaml", unreadable);
}

RunModel openRun(const std::filesystem::path& folder) {
    RunModel run{loadConfig(folder / "config.yaml"), {}, ""};
    applyChosenWidths(folder, run.config);
    const std::filesystem::path weights = weightsOf(folder), graph = graphFile(weights);
    HashedCheckpoint read = readHashedCheckpoint(weights);
    const NamedTensors tensors = tensorsOf(read.checkpoint);
    const std::string source = folder.string();
    std::error_code unreadable;
    run.graph = std::filesystem::exists(graph, unreadable) ? readGraph(graph)
                                                           : rebuiltGraph(read.checkpoint, run.config, source);
    loadWeights(run.graph, tensors, source);
    requireSound(run.graph, source);
    adoptClassNames(run.graph, read.checkpoint);
    run.sha256 = std::move(read.sha256);
    return run;
}

HashedCheckpoint weightsOfRun(const std::filesystem::path& folder) {
    RunModel run = openRun(folder);
    const Graph plain = floatForm(run.graph);
    Checkpoint weights;
    for (const auto& [name, tensor] : stateDict(plain)) weights.tensors.push_back({name, tensor, "float32"});
    weights.classNames = plain.info.classNames;
    weights.anchors.assign(plain.info.anchors.begin(), plain.info.anchors.end());
    weights.batchNormFolded = std::ranges::none_of(
        plain.order(), [&](NodeId id) { return std::holds_alternative<BatchNorm>(plain.node(id).op); });
    weights.metadata = {{"qatelier.architecture", plain.info.architecture}};
    return {std::move(weights), std::move(run.sha256)};
}

Graph floatForm(const Graph& graph) {
    Graph plain = withoutQuantizers(graph.clone(true));
    runPasses(plain, PassId::MergeCorrections);
    // A new graph, in which the names of the quantizers are free again.
    Graph fresh = parseGraph(dumpGraph(plain));
    fresh.info = plain.info;
    for (const ValueId id : fresh.storedValues())
        fresh.value(id).data = plain.value(*plain.findValue(fresh.value(id).name)).data;
    return fresh;
}

}  // namespace qat
