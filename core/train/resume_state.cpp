// The file is a safetensors file, whose metadata holds the JSON under the kind's name.
#include "train/resume_state.h"

#include <ATen/ATen.h>

#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "base/text.h"
#include "config/config_io.h"
#include "import/safetensors.h"

namespace qat {
namespace {

// Raised when an older program could not go on from a newer one's file; new numbers that have a default need no new one.
constexpr int kVersion = 1;

std::string keyOf(const std::string& kind) { return "qatelier." + kind; }

// A second name for the file, so that there is one under its own name at every moment.
void keepPredecessor(const std::filesystem::path& file) {
    std::error_code unreadable;
    if (!std::filesystem::exists(file, unreadable)) return;
    const std::filesystem::path predecessor = predecessorOf(file);
    std::error_code failed;
    std::filesystem::remove(predecessor, failed);
    std::filesystem::create_hard_link(file, predecessor, failed);
    if (failed) writeFileAtomic(predecessor, readFile(file));  // a file system without links
}

void checkBelongs(const nlohmann::json& numbers, const std::string& identity) {
    const int version = numbers.value("version", 0);
    require(version > 0, ErrorKind::BadInput, "it has no version, so it is from before checkpoints had one");
    require(version <= kVersion, ErrorKind::BadInput, "it was written by a newer version of Qatelier: its format is ",
            version, ", this version reads up to ", kVersion);
    require(numbers.value("identity", "") == identity, ErrorKind::BadInput,
            "it belongs to a run with another model, data or configuration");
}

}  // namespace

std::string jobIdentity(const Config& config, const std::string& more) {
    std::string text;
    for (const ConfigDifference& difference : diffConfigs(essentials(Config{}), essentials(config)))
        text += difference.key + "=" + difference.second + "\n";
    text += more;
    return sha256Hex(std::as_bytes(std::span(text)));
}

std::string storedShapes(const Graph& graph) {
    std::string text;
    for (const ValueId id : graph.storedValues()) {
        text += graph.value(id).name;
        for (const int64_t size : graph.value(id).data->sizes()) text += " " + std::to_string(size);
        text += "\n";
    }
    return text;
}

std::string storedDigest(const Graph& graph) {
    std::string text = storedShapes(graph);
    for (const ValueId id : graph.storedValues()) {
        const at::Tensor data = graph.value(id).data->detach().contiguous();
        text += sha256Hex({static_cast<const std::byte*>(data.data_ptr()), data.nbytes()});
    }
    return sha256Hex(std::as_bytes(std::span(text)));
}

std::filesystem::path predecessorOf(const std::filesystem::path& file) {
    std::filesystem::path path = file;
    return path.replace_extension(".previous" + file.extension().string());
}

void writeResumeState(const std::filesystem::path& file, const std::string& kind, const std::string& identity,
                      ResumeState state) {
    state.numbers["version"] = kVersion;
    state.numbers["identity"] = identity;
    keepPredecessor(file);
    writeSafetensors(file, state.tensors, {{keyOf(kind), jsonText(state.numbers)}});
}

ResumeState readResumeState(const std::filesystem::path& file, const std::string& kind, const std::string& identity) {
    Safetensors stored = readSafetensors(file);
    const auto text = stored.metadata.find(keyOf(kind));
    require(text != stored.metadata.end(), ErrorKind::BadInput, file.string(), " is not a checkpoint of this kind (", kind,
            ")");
    ResumeState state{nlohmann::json::parse(text->second, nullptr, false), std::move(stored.tensors)};
    require(state.numbers.is_object(), ErrorKind::BadInput, file.string(), " is damaged: its numbers are not JSON");
    try {
        checkBelongs(state.numbers, identity);
    } catch (const nlohmann::json::exception&) {
        fail(ErrorKind::BadInput, file.string(), " is damaged: its version and job are not those of a checkpoint");
    } catch (const Error& error) {
        fail(error.kind(), "cannot resume from ", file.string(), ": ", error.what());
    }
    return state;
}

void restoreNewest(const std::filesystem::path& file, const std::function<void(const std::filesystem::path&)>& restore,
                   const std::function<void(const std::string&)>& told) {
    std::error_code unreadable;
    try {
        return restore(file);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput || !std::filesystem::exists(predecessorOf(file), unreadable)) throw;
        try {
            restore(predecessorOf(file));
        } catch (const Error&) {
            throw error;
        }
        told(str(error.what(), "; going on from the checkpoint before it"));
    }
}

}  // namespace qat
