// The file is a safetensors file, whose metadata holds the JSON under the kind's name.
#include "train/resume_state.h"

#include <ATen/ATen.h>

#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "base/text.h"
#include "config/resumable.h"
#include "import/safetensors.h"

namespace qat {
namespace {

// Raised when an older program could not go on from a newer one's file; new numbers that have a default need no new
// one.
constexpr int kVersion = 2;

std::string keyOf(const std::string& kind) {
    return "qatelier." + kind;
}

void checkBelongs(const nlohmann::json& numbers, const std::string& identity, const std::string& former) {
    const int version = numbers.value("version", 0);
    require(version > 0, ErrorKind::BadInput, "it has no version, so it is from before checkpoints had one");
    require(version <= kVersion, ErrorKind::BadInput, "it was written by a newer version of Qatelier: its format is ",
            version, ", this version reads up to ", kVersion);
    const std::string owner = numbers.value("identity", "");
    require(owner == identity || (!former.empty() && owner == former), ErrorKind::BadInput,
            "it belongs to a run with another model, data or configuration");
}

}  // namespace

namespace {

std::string digestOf(const std::vector<ConfigDifference>& settings, const std::string& more) {
    std::string text;
    for (const ConfigDifference& setting : settings) text += setting.key + "=" + setting.second + "\n";
    text += more;
    return sha256Hex(std::as_bytes(std::span(text)));
}

}  // namespace

std::string jobIdentity(const Config& config, const std::string& more) {
    return digestOf(lastingDifferences(Config{}, config), more);
}

std::string formerJobIdentity(const Config& config, const std::string& more) {
    return digestOf(diffConfigs(essentials(Config{}), essentials(config)), more);
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
        const at::Tensor data = graph.value(id).data->detach().cpu().contiguous();
        text += sha256Hex({static_cast<const std::byte*>(data.data_ptr()), data.nbytes()});
    }
    return sha256Hex(std::as_bytes(std::span(text)));
}

std::filesystem::path predecessorOf(const std::filesystem::path& file) {
    std::filesystem::path path = file;
    return path.replace_extension(".previous" + file.extension().string());
}

void keepSecondName(const std::filesystem::path& file, const std::filesystem::path& name) {
    std::error_code failed;
    std::filesystem::remove(name, failed);
    std::filesystem::create_hard_link(file, name, failed);
    if (failed) writeFileAtomic(name, readFile(file));
}

void writeResumeState(const std::filesystem::path& file, const std::string& kind, const std::string& identity,
                      ResumeState state) {
    state.numbers["version"] = kVersion;
    state.numbers["identity"] = identity;
    // So that there is one under its own name at every moment.
    std::error_code unreadable;
    if (std::filesystem::exists(file, unreadable)) keepSecondName(file, predecessorOf(file));
    writeSafetensors(file, state.tensors, {{keyOf(kind), jsonText(state.numbers)}});
}

namespace {

ResumeState readAny(const std::filesystem::path& file, const std::string& kind) {
    Safetensors stored = readSafetensors(file);
    const auto text = stored.metadata.find(keyOf(kind));
    require(text != stored.metadata.end(), ErrorKind::BadInput, file.string(), " is not a checkpoint of this kind (",
            kind, ")");
    ResumeState state{nlohmann::json::parse(text->second, nullptr, false), std::move(stored.tensors)};
    require(state.numbers.is_object(), ErrorKind::BadInput, file.string(), " is damaged: its numbers are not JSON");
    return state;
}

}  // namespace

nlohmann::json readResumeNumbers(const std::filesystem::path& file, const std::string& kind) {
    return readAny(file, kind).numbers;
}

ResumeState readResumeState(const std::filesystem::path& file, const std::string& kind, const std::string& identity,
                            const std::string& former) {
    ResumeState state = readAny(file, kind);
    try {
        checkBelongs(state.numbers, identity, former);
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
