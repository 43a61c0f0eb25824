// From names and files to graphs.
#include "session/model_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "base/sha256.h"
#include "config/config_io.h"
#include "import/checkpoint.h"
#include "import/safetensors.h"
#include "models/weights.h"
#include "models/yolov8.h"
#include "passes/channel_affine.h"
#include "passes/pipeline.h"
#include "quant/quantizer_set.h"
#include "quant/unquantized.h"
#include "session/bundled.h"
#include "session/detector_file.h"
#include "session/width_search.h"
#include "train/quantizer_state.h"

namespace qat {
namespace {

using nlohmann::json;

NamedTensors tensorsOf(const Checkpoint& checkpoint) {
    NamedTensors tensors;
    for (const NamedTensor& entry : checkpoint.tensors) tensors.emplace_back(entry.name, entry.tensor);
    return tensors;
}

// Our own files carry the names of the classes as metadata.
std::vector<std::string> classNames(const Checkpoint& checkpoint) {
    const auto own = checkpoint.metadata.find("qatelier.class_names");
    if (own == checkpoint.metadata.end()) return checkpoint.classNames;
    const json names = json::parse(own->second, nullptr, false);
    return names.is_array() ? names.get<std::vector<std::string>>() : checkpoint.classNames;
}

OpenedModel fromCheckpoint(Checkpoint checkpoint, const std::string& source) {
    takeOffPrefix(checkpoint, source);
    const std::string variant = variantOf(checkpoint, source);
    const int64_t classes = classesOf(checkpoint, source);
    OpenedModel opened{buildYolov8(variant, classes), source, "", {}};
    const bool folded = checkpoint.batchNormFolded || checkpoint.find("model.0.conv.bias");
    if (folded) runPasses(opened.graph, PassId::FoldBatchNorms);
    opened.ignored = loadWeights(opened.graph, tensorsOf(checkpoint), source);
    const auto names = classNames(checkpoint);
    if (static_cast<int64_t>(names.size()) == classes) opened.graph.info.classNames = names;
    requireSound(opened.graph, source);
    return opened;
}

bool isFamilyName(const std::string& name) {
    return name.size() == 7 && name.starts_with("yolov8");
}

OpenedModel randomModel(const std::string& variant, int64_t numClasses, uint64_t seed) {
    Random random(seed);
    return {buildYolov8(variant, numClasses > 0 ? numClasses : 80, random), "yolov8" + variant, "", {}};
}

// The weights that stand for a run: the final ones, else the best, else the last.
std::filesystem::path weightsOf(const std::filesystem::path& folder) {
    std::error_code unreadable;
    for (const char* name : {"final.safetensors", "best.safetensors", "last.safetensors"})
        if (const auto file = folder / "weights" / name; std::filesystem::exists(file, unreadable)) return file;
    fail(ErrorKind::BadInput, folder.string(), " holds no weights yet, or they were not kept with it");
}

OpenedModel bundledModel() {
    const std::span<const std::byte> bytes = bundledShapesModel();
    const Safetensors stored = parseSafetensors(bytes, Elements::Widen);
    Checkpoint checkpoint;
    checkpoint.tensors = stored.tensors;
    checkpoint.metadata = stored.metadata;
    OpenedModel opened = fromCheckpoint(std::move(checkpoint), kBundledModel);
    opened.sha256 = sha256Hex(bytes);
    return opened;
}

}  // namespace

OpenedModel openModel(const std::filesystem::path& model, int64_t numClasses, uint64_t seed) {
    const std::string name = model.string();
    if (name == kBundledModel) return bundledModel();
    if (isRunFolder(model)) {
        RunModel run = openRun(model);
        return {std::move(run.graph), name, std::move(run.sha256), {}};
    }
    std::error_code unreadable;
    if (isFamilyName(name) && !std::filesystem::exists(model, unreadable))
        return randomModel(name.substr(6), numClasses, seed);
    require(!std::filesystem::is_directory(model, unreadable), ErrorKind::BadInput, name,
            " is a folder but not a run folder (no config.yaml in it)");
    HashedCheckpoint read = readHashedCheckpoint(model);
    OpenedModel opened = aboutFile(name, [&] { return fromCheckpoint(std::move(read.checkpoint), name); });
    opened.sha256 = std::move(read.sha256);
    return opened;
}

OpenedModel openFloatModel(const std::filesystem::path& model) {
    OpenedModel opened = openModel(model);
    if (isRunFolder(model)) opened.graph = floatForm(opened.graph);
    return opened;
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

OpenedModel openModel(const Config& config, int64_t numClasses) {
    require(config.model.architecture == "yolov8", ErrorKind::BadInput, "model.architecture is ",
            config.model.architecture, ", expected yolov8");
    if (config.model.pretrainedPath.empty())
        return randomModel(config.model.variant, config.model.numClasses > 0 ? config.model.numClasses : numClasses,
                           static_cast<uint64_t>(config.run.seed));
    OpenedModel opened = openFloatModel(std::filesystem::path(config.model.pretrainedPath));
    require(opened.graph.info.variant == config.model.variant, ErrorKind::BadInput, "model.variant is ",
            config.model.variant, " but ", opened.source, " holds a YOLOv8", opened.graph.info.variant);
    return opened;
}

bool isRunFolder(const std::filesystem::path& path) {
    std::error_code unreadable;  // then opening it says so
    return std::filesystem::is_regular_file(path / "config.yaml", unreadable);
}

namespace {

// Any layer may have been left in float, the first one too.
bool hasQuantizers(const Checkpoint& weights) {
    return std::ranges::any_of(weights.tensors,
                               [](const NamedTensor& entry) { return entry.name.ends_with(".zero_point"); });
}

// Corrections that could not be folded are operations of the graph.
void restoreAffines(Graph& graph, const Checkpoint& weights, const std::string& source) {
    constexpr std::string_view kEnd = ".qc.gamma";
    for (const NamedTensor& entry : weights.tensors) {
        if (!entry.name.ends_with(kEnd)) continue;
        const auto layer = graph.findNode(entry.name.substr(0, entry.name.size() - kEnd.size()));
        require(layer && std::holds_alternative<Conv2d>(graph.node(*layer).op), ErrorKind::BadInput, source, ": ",
                entry.name, " belongs to no convolution");
        keepAffine(graph, insertAffine(graph, *layer));
    }
}

// Shapes of scales follow the file: folding and granularity are then as they were when it was written.
void adoptScaleShapes(Graph& graph, const Checkpoint& weights) {
    for (const ValueId id : graph.storedValues()) {
        Value& value = graph.value(id);
        const NamedTensor* stored = weights.find(value.name);
        if (stored && (value.name.ends_with(".scale") || value.name.ends_with(".zero_point")))
            value.shape = stored->tensor->sizes().vec();
    }
    // A correction may have given a weight one scale a channel.
    for (const NodeId id : graph.order()) {
        auto* quantizer = std::get_if<FakeQuantize>(&graph.node(id).op);
        const bool many = quantizer && graph.value(graph.node(id).inputs[1]).shape != Shape{1};
        if (many && quantizer->weight && quantizer->axis < 0) quantizer->axis = 0;
    }
}

}  // namespace

RunModel openRun(const std::filesystem::path& folder) {
    RunModel run{loadConfig(folder / "config.yaml"), {}, ""};
    applyChosenWidths(folder, run.config);
    HashedCheckpoint read = readHashedCheckpoint(weightsOf(folder));
    const Checkpoint& weights = read.checkpoint;
    run.sha256 = std::move(read.sha256);
    const std::string source = folder.string();
    Graph graph = buildYolov8(variantOf(weights, source), classesOf(weights, source));
    if (weights.batchNormFolded) runPasses(graph, PassId::FoldBatchNorms);
    adoptBiases(graph, weights.tensors);
    if (hasQuantizers(weights)) {
        // A plan needs no data; ranges come from the file.
        const QuantizerSet quantizers(graph, resolvePlan(graph, run.config));
        adoptScaleShapes(graph, weights);
        restoreAffines(graph, weights, source);
    }
    loadWeights(graph, tensorsOf(weights), source);
    requireSound(graph, source);
    const auto names = classNames(weights);
    if (static_cast<int64_t>(names.size()) == graph.info.numClasses) graph.info.classNames = names;
    run.graph = std::move(graph);
    return run;
}

}  // namespace qat
