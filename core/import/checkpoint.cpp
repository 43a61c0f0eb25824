// Tells checkpoint formats apart by content, and brings what they hold to one form.
#include "import/checkpoint.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"
#include "base/text.h"
#include "import/read_mapped.h"
#include "import/safetensors.h"
#include "import/torch_file.h"

namespace qat {
namespace {

using Json = nlohmann::json;

constexpr const char* kClassNames = "qatelier.class_names";
constexpr const char* kNumClasses = "qatelier.num_classes";
constexpr const char* kStrides = "qatelier.strides";
constexpr const char* kModuleClass = "qatelier.module_class";
constexpr const char* kStoredTypes = "qatelier.stored_types";

// What people mistake for a checkpoint, by how it begins.
struct KnownStart {
    std::string_view start, reason;
};
constexpr std::array<KnownStart, 5> kKnownStarts{{
    {"version https://git-lfs", "it is a Git LFS pointer; the weights themselves were not downloaded"},
    {"<!DOCTYPE", "it is a web page; the download went wrong"},
    {"<html", "it is a web page; the download went wrong"},
    {"PK\5\6", "it is an empty zip archive"},
    {"\x80", "it is a pickle, but not one that PyTorch wrote"},
}};

[[noreturn]] void failUnknown(std::span<const std::byte> file) {
    const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
    for (const KnownStart& known : kKnownStarts)
        require(!text.starts_with(known.start), ErrorKind::BadInput, known.reason);
    constexpr size_t kTarMagicAt = 257;
    require(text.size() < kTarMagicAt + 5 || text.substr(kTarMagicAt, 5) != "ustar", ErrorKind::BadInput,
            "it is a tar archive, the format before PyTorch 0.2, which is not supported");
    fail(ErrorKind::BadInput, "it is neither a PyTorch nor a safetensors checkpoint");
}

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

Checkpoint fromSafetensors(std::span<const std::byte> file) {
    Safetensors stored = parseSafetensors(file, Elements::Widen);
    Checkpoint checkpoint;
    checkpoint.tensors = std::move(stored.tensors);
    std::map<std::string, std::string> types;
    takeOwn(stored.metadata, kClassNames, checkpoint.classNames);
    takeOwn(stored.metadata, kNumClasses, checkpoint.numClasses);
    takeOwn(stored.metadata, kStrides, checkpoint.strides);
    takeOwn(stored.metadata, kModuleClass, checkpoint.moduleClass);
    takeOwn(stored.metadata, kStoredTypes, types);
    for (NamedTensor& named : checkpoint.tensors)
        if (const auto type = types.find(named.name); type != types.end()) named.storedType = type->second;
    require(checkpoint.numClasses >= 0 && checkpoint.numClasses <= 100000, ErrorKind::BadInput, "it has ",
            checkpoint.numClasses, " classes");
    const auto named = static_cast<int64_t>(checkpoint.classNames.size());
    require(named == 0 || named == checkpoint.numClasses, ErrorKind::BadInput, "it has ", checkpoint.numClasses,
            " classes and ", named, " class names");
    checkpoint.metadata = std::move(stored.metadata);
    return checkpoint;
}

// Data-parallel wrappers put `module.` before every name, the Ultralytics front class a second `model.`.
void stripPrefix(std::string& name) {
    while (name.starts_with("module.")) name.erase(0, 7);
    while (name.starts_with("model.model.")) name.erase(0, 6);
}

void normalizeNames(std::vector<NamedTensor>& tensors) {
    std::unordered_set<std::string_view> seen;
    for (NamedTensor& named : tensors) {
        require(isUtf8(named.name), ErrorKind::BadInput, "the tensor name ", inQuotes(named.name), " is not UTF-8");
        stripPrefix(named.name);
        require(!named.name.empty(), ErrorKind::BadInput, "a tensor has no name");
        require(seen.insert(named.name).second, ErrorKind::BadInput, "tensor ", inQuotes(named.name), " occurs twice");
    }
}

// The name of the batch norm statistics beside the bias of a convolution: a.conv1.bias -> a.bn1.running_mean. Empty
// for any other name.
std::string statisticsBeside(std::string_view name) {
    constexpr std::string_view kConv = "conv", kBias = ".bias";
    if (!name.ends_with(kBias)) return {};
    name.remove_suffix(kBias.size());
    const size_t dot = name.rfind('.'), start = dot == std::string_view::npos ? 0 : dot + 1;
    const std::string_view layer = name.substr(start);
    if (!layer.starts_with(kConv)) return {};
    return str(name.substr(0, start), "bn", layer.substr(kConv.size()), ".running_mean");
}

bool isBatchNormFolded(const std::vector<NamedTensor>& tensors) {
    std::unordered_set<std::string_view> names;
    for (const NamedTensor& named : tensors) names.insert(named.name);
    return std::ranges::any_of(tensors, [&](const NamedTensor& named) {
        const std::string statistics = statisticsBeside(named.name);
        return !statistics.empty() && !names.contains(statistics);
    });
}

Checkpoint parseCheckpoint(std::span<const std::byte> file) {
    const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
    require(!text.empty(), ErrorKind::BadInput, "it is empty");
    Checkpoint checkpoint;
    if (text.starts_with("PK\3\4"))
        checkpoint = readTorchZip(file);
    else if (isLegacyTorchFile(file))
        checkpoint = readLegacyTorchFile(file);
    else if (text.size() > 8 && text[8] == '{')
        checkpoint = fromSafetensors(file);
    else
        failUnknown(file);
    require(!checkpoint.tensors.empty(), ErrorKind::BadInput, "it holds no tensors");
    normalizeNames(checkpoint.tensors);
    checkpoint.batchNormFolded = isBatchNormFolded(checkpoint.tensors);
    return checkpoint;
}

}  // namespace

const NamedTensor* Checkpoint::find(std::string_view name) const {
    const auto found = std::ranges::find(tensors, name, &NamedTensor::name);
    return found == tensors.end() ? nullptr : &*found;
}

Checkpoint readCheckpoint(const std::filesystem::path& path) {
    return readMapped(path, parseCheckpoint);
}

void writeCheckpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
    auto metadata = checkpoint.metadata;
    std::map<std::string, std::string> types;
    for (const NamedTensor& named : checkpoint.tensors) types[named.name] = named.storedType;
    metadata[kClassNames] = jsonText(Json(checkpoint.classNames));
    metadata[kNumClasses] = jsonText(Json(checkpoint.numClasses));
    metadata[kStrides] = jsonText(Json(checkpoint.strides));
    metadata[kModuleClass] = jsonText(Json(checkpoint.moduleClass));
    metadata[kStoredTypes] = jsonText(Json(types));
    writeSafetensors(path, checkpoint.tensors, metadata);
}

}  // namespace qat
