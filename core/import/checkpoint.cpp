// Tells checkpoint formats apart by content, and brings what they hold to one form.
#include "import/checkpoint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "import/file_kind.h"
#include "import/pixel_anchors.h"
#include "import/range_reader.h"
#include "import/read_mapped.h"
#include "import/safetensors_checkpoint.h"
#include "import/tar_reader.h"
#include "import/torch_file.h"
#include "import/torch_tar.h"

namespace qat {
namespace {

[[noreturn]] void failUnknown(const std::string& kind) {
    fail(ErrorKind::BadInput, kind, "; ", kReadableFiles);
}

// What wrappers of a whole model or of a part of it call what they wrap: data-parallel training, compilation.
constexpr std::array<std::string_view, 2> kWrapped{"module.", "_orig_mod."};

// Takes off the names of wrappers, wherever they stand, and the second `model.` of the Ultralytics front class.
void stripWrappers(std::string& name) {
    for (size_t at = 0; at != std::string::npos && at < name.size();) {
        const std::string_view rest = std::string_view(name).substr(at);
        const auto wrapper =
            std::ranges::find_if(kWrapped, [&](std::string_view wrapped) { return rest.starts_with(wrapped); });
        if (wrapper != kWrapped.end())
            name.erase(at, wrapper->size());
        else if (const size_t dot = name.find('.', at); dot != std::string::npos)
            at = dot + 1;
        else
            break;
    }
    while (name.starts_with("model.model.")) name.erase(0, 6);
}

void normalizeNames(std::vector<NamedTensor>& tensors) {
    std::unordered_set<std::string_view> seen;
    for (NamedTensor& named : tensors) {
        require(isUtf8(named.name), ErrorKind::BadInput, "the tensor name ", inQuotes(named.name), " is not UTF-8");
        stripWrappers(named.name);
        require(!named.name.empty(), ErrorKind::BadInput, "a tensor has no name");
        require(seen.insert(named.name).second, ErrorKind::BadInput, "tensor ", inQuotes(named.name), " occurs twice");
    }
}

// Names as those of tensors. What wraps a module has no name of its own then: the wrapped one stands for both.
void normalizePaths(std::vector<StoredModule>& modules) {
    std::unordered_map<std::string, size_t> places;
    std::vector<StoredModule> kept;
    for (StoredModule& module : modules) {
        module.path = withUtf8Only(module.path) + '.';
        stripWrappers(module.path);
        if (!module.path.empty()) module.path.pop_back();
        const auto [place, fresh] = places.emplace(module.path, kept.size());
        if (fresh)
            kept.push_back(std::move(module));
        else
            kept[place->second] = std::move(module);
    }
    modules = std::move(kept);
}

// The range of a quantizer that stands among the weights, as its buffers do; nothing for a weight.
std::optional<CalibratedRange> rangeIn(const NamedTensor& named) {
    auto range = rangeNamed(named.name);
    if (!range || named.tensor->numel() == 0) return std::nullopt;
    const at::Tensor amax = named.tensor->to(at::kDouble).flatten();
    range->amax.assign(amax.data_ptr<double>(), amax.data_ptr<double>() + amax.numel());
    const auto sound = [](double number) { return std::isfinite(number) && number >= 0; };
    return std::ranges::all_of(range->amax, sound) ? range : std::nullopt;
}

void separateRanges(Checkpoint& checkpoint) {
    std::vector<NamedTensor> weights;
    for (NamedTensor& named : checkpoint.tensors) {
        if (auto range = rangeIn(named))
            checkpoint.ranges.push_back(std::move(*range));
        else
            weights.push_back(std::move(named));
    }
    checkpoint.tensors = std::move(weights);
    for (CalibratedRange& range : checkpoint.ranges) stripWrappers(range.module);
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

Checkpoint fromZip(std::span<const std::byte> file, const BytesDone& done) {
    try {
        return readTorchZip(file, done);
    } catch (const Error&) {
        if (const std::string other = kindOfZip(file); !other.empty()) failUnknown(other);
        throw;
    }
}

}  // namespace

const NamedTensor* Checkpoint::find(std::string_view name) const {
    const auto found = std::ranges::find(tensors, name, &NamedTensor::name);
    return found == tensors.end() ? nullptr : &*found;
}

const StoredModule* Checkpoint::findModule(std::string_view path) const {
    const auto found = std::ranges::find(modules, path, &StoredModule::path);
    return found == modules.end() ? nullptr : &*found;
}

Checkpoint parseCheckpoint(std::span<const std::byte> file, const BytesDone& done) {
    const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
    require(!text.empty(), ErrorKind::BadInput, "it is empty");
    Checkpoint checkpoint;
    if (text.starts_with("PK\3\4"))
        checkpoint = fromZip(file, done);
    else if (isLegacyTorchFile(file))
        checkpoint = readLegacyTorchFile(file, done);
    else if (isTar(file))
        checkpoint = readTorchTar(file, done);
    else if (text.size() > 8 && text[8] == '{')
        checkpoint = checkpointOf(parseSafetensors(file, Elements::Widen, done));
    else
        failUnknown(kindOf(file));
    require(!checkpoint.tensors.empty(), ErrorKind::BadInput, "it holds no tensors");
    normalizeNames(checkpoint.tensors);
    normalizePaths(checkpoint.modules);
    separateRanges(checkpoint);
    if (checkpoint.anchors.empty()) checkpoint.anchors = pixelAnchors(checkpoint.modules);
    checkpoint.batchNormFolded = isBatchNormFolded(checkpoint.tensors);
    return checkpoint;
}

Checkpoint readCheckpoint(const std::filesystem::path& path) {
    return readMapped(path, [](std::span<const std::byte> file) { return parseCheckpoint(file, FileBytes::release); });
}

HashedCheckpoint readHashedCheckpoint(const std::filesystem::path& path) {
    return readMapped(path, [](std::span<const std::byte> file) {
        std::string sha256 = sha256Hex(file);  // before parts of the file are released
        return HashedCheckpoint{parseCheckpoint(file, FileBytes::release), std::move(sha256)};
    });
}

void writeCheckpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
    writeSafetensors(path, checkpoint.tensors, metadataOf(checkpoint));
}

}  // namespace qat
