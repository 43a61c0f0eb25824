// Values of ours are JSON under keys of ours.
#include "import/safetensors_checkpoint.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "import/description.h"

namespace qat {

// Found by nlohmann's library by their names.
static void to_json(nlohmann::json& json, const StoredModule& module) {
    json = {module.path, module.className, module.numbers, module.lists, module.texts};
}

static void from_json(const nlohmann::json& json, StoredModule& module) {
    json.at(0).get_to(module.path);
    json.at(1).get_to(module.className);
    json.at(2).get_to(module.numbers);
    json.at(3).get_to(module.lists);
    json.at(4).get_to(module.texts);
}

static void to_json(nlohmann::json& json, const CalibratedRange& range) {
    json = {range.module, range.place, range.amax, range.bits};
}

static void from_json(const nlohmann::json& json, CalibratedRange& range) {
    json.at(0).get_to(range.module);
    json.at(1).get_to(range.place);
    json.at(2).get_to(range.amax);
    json.at(3).get_to(range.bits);
}

namespace {

using Json = nlohmann::json;

constexpr const char* kClassNames = "qatelier.class_names";
constexpr const char* kNumClasses = "qatelier.num_classes";
constexpr const char* kStrides = "qatelier.strides";
constexpr const char* kModuleClass = "qatelier.module_class";
constexpr const char* kTask = "qatelier.task";
constexpr const char* kArchitectureJson = "qatelier.architecture_json";
constexpr const char* kModules = "qatelier.modules";
constexpr const char* kAnchors = "qatelier.anchors";
constexpr const char* kRanges = "qatelier.ranges";
constexpr const char* kNotes = "qatelier.notes";
constexpr const char* kStoredTypes = "qatelier.stored_types";

// A value of ours in the metadata, removed from there; null if it is missing. Throws if it is not JSON.
Json takeOwn(std::map<std::string, std::string>& metadata, const char* key) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) return nullptr;
    Json value = Json::parse(found->second, nullptr, false);
    require(!value.is_discarded(), ErrorKind::BadInput, "its metadata ", key, " is not valid JSON");
    metadata.erase(found);
    return value;
}

template <class T>
void takeOwn(std::map<std::string, std::string>& metadata, const char* key, T& target) {
    const Json value = takeOwn(metadata, key);
    if (value.is_null()) return;
    try {
        target = value.get<T>();
    } catch (const Json::exception&) {
        fail(ErrorKind::BadInput, "its metadata ", key, " is not of the kind expected");
    }
}

}  // namespace

Checkpoint checkpointOf(Safetensors stored) {
    Checkpoint checkpoint;
    checkpoint.tensors = std::move(stored.tensors);
    std::map<std::string, std::string> types;
    const bool ours = stored.metadata.contains(kNumClasses);
    takeOwn(stored.metadata, kClassNames, checkpoint.classNames);
    takeOwn(stored.metadata, kNumClasses, checkpoint.numClasses);
    takeOwn(stored.metadata, kStrides, checkpoint.strides);
    takeOwn(stored.metadata, kModuleClass, checkpoint.moduleClass);
    takeOwn(stored.metadata, kTask, checkpoint.task);
    takeOwn(stored.metadata, kArchitectureJson, checkpoint.architectureJson);
    takeOwn(stored.metadata, kModules, checkpoint.modules);
    takeOwn(stored.metadata, kAnchors, checkpoint.anchors);
    takeOwn(stored.metadata, kRanges, checkpoint.ranges);
    takeOwn(stored.metadata, kNotes, checkpoint.notes);
    takeOwn(stored.metadata, kStoredTypes, types);
    for (NamedTensor& named : checkpoint.tensors)
        if (const auto type = types.find(named.name); type != types.end()) named.storedType = type->second;
    require(checkpoint.numClasses >= 0 && checkpoint.numClasses <= kMostClasses, ErrorKind::BadInput, "it has ",
            checkpoint.numClasses, " classes");
    const auto named = static_cast<int64_t>(checkpoint.classNames.size());
    require(named == 0 || named == checkpoint.numClasses, ErrorKind::BadInput, "it has ", checkpoint.numClasses,
            " classes and ", named, " class names");
    if (!ours) takeDescription(checkpoint, stored.metadata);
    checkpoint.metadata = std::move(stored.metadata);
    return checkpoint;
}

std::map<std::string, std::string> metadataOf(const Checkpoint& checkpoint) {
    auto metadata = checkpoint.metadata;
    std::map<std::string, std::string> types;
    for (const NamedTensor& named : checkpoint.tensors) types[named.name] = named.storedType;
    metadata[kClassNames] = jsonText(Json(checkpoint.classNames));
    metadata[kNumClasses] = jsonText(Json(checkpoint.numClasses));
    metadata[kStrides] = jsonText(Json(checkpoint.strides));
    metadata[kModuleClass] = jsonText(Json(checkpoint.moduleClass));
    metadata[kStoredTypes] = jsonText(Json(types));
    if (!checkpoint.task.empty()) metadata[kTask] = jsonText(Json(checkpoint.task));
    if (!checkpoint.architectureJson.empty()) metadata[kArchitectureJson] = jsonText(Json(checkpoint.architectureJson));
    if (!checkpoint.modules.empty()) metadata[kModules] = jsonText(Json(checkpoint.modules));
    if (!checkpoint.anchors.empty()) metadata[kAnchors] = jsonText(Json(checkpoint.anchors));
    if (!checkpoint.ranges.empty()) metadata[kRanges] = jsonText(Json(checkpoint.ranges));
    if (!checkpoint.notes.empty()) metadata[kNotes] = jsonText(Json(checkpoint.notes));
    return metadata;
}

}  // namespace qat
