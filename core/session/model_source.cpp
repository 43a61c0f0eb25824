// From names and files to graphs.
#include "session/model_source.h"

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "base/sha256.h"
#include "config/table_name.h"
#include "config/yaml_tree.h"
#include "import/checkpoint.h"
#include "models/detector.h"
#include "models/family.h"
#include "models/reference_quantizers.h"
#include "session/bundled.h"
#include "session/checkpoint_model.h"
#include "session/checkpoint_notes.h"
#include "session/run_model.h"

namespace qat {
namespace {

OpenedModel randomModel(const FamilyMember& member, int64_t numClasses, uint64_t seed) {
    Random random(seed);
    const FamilySpec spec{member.spec.variant, numClasses > 0 ? numClasses : usualClasses(member), member.spec.side};
    return {buildMember({member.family, spec}, &random), str(member.family->names.name, spec.variant), "", {}};
}

Graph builtFrom(const Layout& layout, Random* random, const std::string& file) {
    try {
        return buildDetector(layout, random);
    } catch (const Error& error) {
        fail(error.kind(), file, ": ", error.what());
    }
}

OpenedModel tableModel(const std::string& file, int64_t numClasses, uint64_t seed) {
    const std::string text = readFile(file, kMaxConfigBytes);
    Layout layout = tableOfFile(file, text);
    if (numClasses > 0) layout.classes = numClasses;
    Random random(seed);
    return {builtFrom(layout, &random, file), file, sha256Hex(std::as_bytes(std::span(text))), {}};
}

OpenedModel openedFrom(Checkpoint checkpoint, const std::string& source, std::string sha256,
                       const Layout* table = nullptr) {
    CheckpointModel model = modelIn(std::move(checkpoint), source, table);
    return {std::move(model.graph), source, std::move(sha256), std::move(model.ignored), std::move(model.notes)};
}

HashedCheckpoint bundledCheckpoint(const BundledModel& model) {
    const std::span<const std::byte> bytes = model.weights();
    return {parseCheckpoint(bytes), sha256Hex(bytes)};
}

OpenedModel openedBundled(const BundledModel& model) {
    HashedCheckpoint read = bundledCheckpoint(model);
    return openedFrom(std::move(read.checkpoint), std::string(model.name), std::move(read.sha256));
}

}  // namespace

void chooseHead(OpenedModel& opened, std::string_view head, std::string_view asked) {
    if (head == kAutoHead) return;
    try {
        deployHead(opened.graph, head);
    } catch (const Error& error) {
        fail(error.kind(), asked, " ", head, ": ", opened.source, ": ", error.what());
    }
}

OpenedModel openModel(const std::filesystem::path& model, int64_t numClasses, uint64_t seed) {
    const std::string name = model.string();
    if (const BundledModel* bundled = bundledNamed(name)) return openedBundled(*bundled);
    if (isRunFolder(model)) {
        RunModel run = openRun(model);
        return {std::move(run.graph), name, std::move(run.sha256), {}};
    }
    std::error_code unreadable;
    if (const auto member = memberNamed(name); member && !std::filesystem::exists(model, unreadable))
        return randomModel(*member, numClasses, seed);
    require(!std::filesystem::is_directory(model, unreadable), ErrorKind::BadInput, name,
            " is a folder but not a run folder (no config.yaml in it)");
    if (namesTable(name)) return tableModel(name, numClasses, seed);
    HashedCheckpoint read = readHashedCheckpoint(model);
    return openedFrom(std::move(read.checkpoint), name, std::move(read.sha256));
}

std::vector<std::string> noticesOf(const OpenedModel& opened) {
    std::vector<std::string> notices = opened.notes;
    if (std::string ignored = ignoredSentence(opened.ignored); !ignored.empty()) notices.push_back(std::move(ignored));
    return notices;
}

OpenedModel openFloatModel(const std::filesystem::path& model) {
    OpenedModel opened = openModel(model);
    if (isRunFolder(model)) opened.graph = floatForm(opened.graph);
    return opened;
}

namespace {

int64_t classesOf(const ModelConfig& asked, int64_t ofData) {
    return asked.numClasses > 0 ? asked.numClasses : ofData;
}

OpenedModel openNamed(const Config& config, int64_t numClasses) {
    const ModelConfig& asked = config.model;
    const Family& family = familyNamed(asked.architecture);
    if (asked.pretrainedPath.empty())
        return randomModel({&family, {asked.variant, 0, config.data.imgsz}}, classesOf(asked, numClasses),
                           static_cast<uint64_t>(config.run.seed));
    OpenedModel opened = openFloatModel(std::filesystem::path(asked.pretrainedPath));
    ModelInfo& info = opened.graph.info;
    if (isSameNetwork(info, family, asked.variant))
        info.architecture = asked.architecture, info.variant = asked.variant;
    require(info.architecture == asked.architecture, ErrorKind::BadInput, "model.architecture is ", asked.architecture,
            " but ", opened.source, " holds a ", titleOf(info));
    require(info.variant == asked.variant, ErrorKind::BadInput, "model.variant is ", asked.variant, " but ",
            opened.source, " holds a ", titleOf(info));
    return opened;
}

HashedCheckpoint weightsOf(const std::string& path) {
    if (const BundledModel* bundled = bundledNamed(path)) return bundledCheckpoint(*bundled);
    return isRunFolder(path) ? weightsOfRun(path) : readHashedCheckpoint(path);
}

// The text of the table that the configuration names, or of the run's own copy.
std::string tableText(const Config& config, const std::filesystem::path& kept) {
    std::error_code unreadable;
    const bool hasKept = !kept.empty() && std::filesystem::exists(kept, unreadable);
    return readFile(hasKept ? kept : std::filesystem::path(config.model.architecture), kMaxConfigBytes);
}

OpenedModel openTable(const Config& config, int64_t numClasses, const std::filesystem::path& kept) {
    const ModelConfig& asked = config.model;
    const std::string& file = asked.architecture;
    const std::string text = tableText(config, kept);
    Layout layout = tableOfFile(file, text, asked.variant);
    require(asked.variant.empty() || layout.scale.name == asked.variant, ErrorKind::BadInput, "model.variant is ",
            asked.variant, ", but ", file, " has no scales: leave it empty");
    if (const int64_t classes = classesOf(asked, numClasses); classes > 0) layout.classes = classes;
    if (asked.pretrainedPath.empty()) {
        Random random(static_cast<uint64_t>(config.run.seed));
        return {builtFrom(layout, &random, file), file, sha256Hex(std::as_bytes(std::span(text))), {}};
    }
    HashedCheckpoint read = weightsOf(asked.pretrainedPath);
    builtFrom(layout, nullptr, file);  // what is wrong with the table is no fault of the weights
    try {
        OpenedModel opened =
            openedFrom(std::move(read.checkpoint), asked.pretrainedPath, std::move(read.sha256), &layout);
        if (isRunFolder(asked.pretrainedPath))  // which knows its activations, as modules of checkpoints do
            opened.graph = openFloatModel(std::filesystem::path(asked.pretrainedPath)).graph;
        return opened;
    } catch (const Error& error) {
        fail(error.kind(), error.what(), " (model.architecture is ", file, ")");
    }
}

}  // namespace

TaskWords taskAsked(const Config& config, const std::filesystem::path& keptTable) {
    const ModelConfig& asked = config.model;
    if (!namesTable(asked.architecture)) return taskOfMember(asked.architecture, asked.variant);
    const Layout layout = tableOfFile(asked.architecture, tableText(config, keptTable), asked.variant);
    return endsInClasses(layout) ? kClassification : kDetection;
}

OpenedModel openModel(const Config& config, int64_t numClasses, const std::filesystem::path& keptTable) {
    OpenedModel opened = namesTable(config.model.architecture) ? openTable(config, numClasses, keptTable)
                                                               : openNamed(config, numClasses);
    chooseHead(opened, config.model.head, "model.head");
    if (config.quantization.defaultQconfig == kReferenceQconfig) declareReference(opened.graph);
    return opened;
}

}  // namespace qat
