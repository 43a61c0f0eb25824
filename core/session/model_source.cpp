// From names and files to graphs.
#include "session/model_source.h"

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "base/sha256.h"
#include "config/yaml_tree.h"
#include "import/checkpoint.h"
#include "models/detector.h"
#include "models/family.h"
#include "session/bundled.h"
#include "session/checkpoint_model.h"
#include "session/run_model.h"

namespace qat {
namespace {

OpenedModel randomModel(const FamilyMember& member, int64_t numClasses, uint64_t seed) {
    Random random(seed);
    const FamilySpec spec{member.spec.variant, numClasses > 0 ? numClasses : usualClasses(member)};
    return {buildMember({member.family, spec}, &random), str(member.family->names.name, spec.variant), "", {}};
}

// Random weights for a table of layers, with as many classes as it says unless told.
OpenedModel tableModel(const std::string& file, int64_t numClasses, uint64_t seed) {
    const std::string text = readFile(file, kMaxConfigBytes);
    Layout layout = tableOfFile(file, text);
    if (numClasses > 0) layout.classes = numClasses;
    Random random(seed);
    try {
        return {buildDetector(layout, &random), file, sha256Hex(std::as_bytes(std::span(text))), {}};
    } catch (const Error& error) {
        fail(error.kind(), file, ": ", error.what());
    }
}

OpenedModel openedFrom(Checkpoint checkpoint, const std::string& source, std::string sha256) {
    CheckpointModel model = modelIn(std::move(checkpoint), source);
    return {std::move(model.graph), source, std::move(sha256), std::move(model.ignored)};
}

OpenedModel bundledModel() {
    const std::span<const std::byte> bytes = bundledShapesModel();
    return openedFrom(parseCheckpoint(bytes), kBundledModel, sha256Hex(bytes));
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
    if (name == kBundledModel) return bundledModel();
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

OpenedModel openFloatModel(const std::filesystem::path& model) {
    OpenedModel opened = openModel(model);
    if (isRunFolder(model)) opened.graph = floatForm(opened.graph);
    return opened;
}

namespace {

OpenedModel openNamed(const Config& config, int64_t numClasses) {
    const ModelConfig& asked = config.model;
    const Family& family = familyNamed(asked.architecture);
    if (asked.pretrainedPath.empty())
        return randomModel({&family, {asked.variant, 0}}, asked.numClasses > 0 ? asked.numClasses : numClasses,
                           static_cast<uint64_t>(config.run.seed));
    OpenedModel opened = openFloatModel(std::filesystem::path(asked.pretrainedPath));
    const ModelInfo& info = opened.graph.info;
    require(info.architecture == asked.architecture, ErrorKind::BadInput, "model.architecture is ", asked.architecture,
            " but ", opened.source, " holds a ", titleOf(info));
    require(info.variant == asked.variant, ErrorKind::BadInput, "model.variant is ", asked.variant, " but ",
            opened.source, " holds a ", titleOf(info));
    return opened;
}

}  // namespace

OpenedModel openModel(const Config& config, int64_t numClasses) {
    OpenedModel opened = openNamed(config, numClasses);
    chooseHead(opened, config.model.head, "model.head");
    return opened;
}

}  // namespace qat
