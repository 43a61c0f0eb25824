// Hands tensors to the runner script through files in a scratch folder and reads its answer.
#include "export/runtime_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/scratch_folder.h"
#include "export/child_process.h"

namespace qat {
namespace {

constexpr const char* kScript = "runners/run_onnx.mjs";

struct Place {
    fs::path node, script, modules;
    std::string missing;  // empty if both were found
};

fs::path fromEnvironment(const char* name) {
    const char* value = std::getenv(name);
    return value ? fs::path(value) : fs::path();
}

// Code that somebody else could have put there or could change is not run: every folder down to it must be the user's
// or the superuser's, and what others may write to must be sticky, as /tmp is.
bool isTrusted(const fs::path& path) {
    std::error_code unreadable;
    const fs::path real = fs::canonical(path, unreadable);
    if (unreadable) return false;
    fs::path at;
    for (const fs::path& part : real) {
        at /= part;
        struct stat info {};
        if (::stat(at.c_str(), &info) != 0 || (info.st_uid != 0 && info.st_uid != ::geteuid())) return false;
        const bool open = info.st_mode & S_IWOTH, sticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX);
        if (open && !sticky) return false;
    }
    return true;
}

// The folder of resources: named, installed beside the program (bin and share), or that of the source tree the program
// was built from. Never one that merely lies above the program.
fs::path findScript() {
    if (const fs::path named = fromEnvironment("QATELIER_RESOURCES"); !named.empty()) return named / kScript;
    std::error_code unreadable;
    const fs::path program = fs::read_symlink("/proc/self/exe", unreadable).parent_path();
    for (const fs::path& script :
         {program.parent_path() / "share/qatelier" / kScript, fs::path(QATELIER_SOURCE_RESOURCES) / kScript})
        if (fs::is_regular_file(script, unreadable) && isTrusted(script)) return script;
    return {};
}

fs::path findModules(const fs::path& script) {
    constexpr const char* kPackage = "onnxruntime-node/package.json";
    std::error_code unreadable;
    if (const fs::path named = fromEnvironment("QATELIER_NODE_MODULES");
        !named.empty() && fs::exists(named / kPackage, unreadable))
        return named;
    const fs::path resources = script.parent_path().parent_path();
    for (const fs::path& folder :
         {script.parent_path() / "node_modules", resources.parent_path() / "tests/runtime/node_modules"})
        if (fs::exists(folder / kPackage, unreadable) && isTrusted(folder / kPackage)) return folder;
    return {};
}

Place findPlace() {
    Place place{findProgram("node"), findScript(), {}, ""};
    std::error_code unreadable;
    if (!fs::is_regular_file(place.script, unreadable))
        place.missing = "the runner script run_onnx.mjs was not found";
    else if (place.node.empty())
        place.missing = "Node.js is not installed (program node)";
    else if (place.modules = findModules(place.script); place.modules.empty())
        place.missing =
            "the package onnxruntime-node is not installed: run npm install in tests/runtime, or set "
            "QATELIER_NODE_MODULES to a node_modules folder that holds it";
    return place;
}

int64_t elementCount(const Shape& shape) {
    int64_t count = 1;
    for (const int64_t dimension : shape) count *= dimension;
    return count;
}

std::string dimsText(const Shape& shape) {
    std::string text;
    for (const int64_t dimension : shape) text += str(text.empty() ? "" : "x", dimension);
    return text;
}

void addInput(std::vector<std::string>& arguments, const RuntimeTensor& input, const fs::path& file) {
    ensure(elementCount(input.shape) == static_cast<int64_t>(input.values.size()), "shape of a runtime input");
    const char* bytes = reinterpret_cast<const char*>(input.values.data());
    writeFileAtomic(file, {bytes, input.values.size() * sizeof(float)});
    arguments.insert(arguments.end(), {"--input", str(input.name, "=", dimsText(input.shape), "=", file.string())});
}

RuntimeTensor readOutput(const nlohmann::json& entry, const fs::path& folder) {
    RuntimeTensor output{entry.at("name"), entry.at("dims").get<Shape>(), {}};
    const std::string bytes = readFile(folder / entry.at("file").get<std::string>());
    require(bytes.size() == static_cast<size_t>(elementCount(output.shape)) * sizeof(float), ErrorKind::Io,
            "the runtime's output ", output.name, " has ", bytes.size(), " bytes, which do not fit its shape");
    output.values.resize(bytes.size() / sizeof(float));
    std::memcpy(output.values.data(), bytes.data(), bytes.size());
    return output;
}

// The script's outputs.json: outputs, or what the runtime complained about.
RuntimeAnswer readAnswer(const fs::path& folder, const fs::path& model) {
    RuntimeAnswer answer;
    try {
        const auto json = nlohmann::json::parse(readFile(folder / "outputs.json"));
        answer.runtime = json.at("runtime");
        if (const auto refused = json.find("refused"); refused != json.end()) {
            answer.refusal = str(answer.runtime, " refuses ", model.filename().string(), complainedNode(*refused));
            return answer;
        }
        RuntimeRun run{answer.runtime, {}, json.at("milliseconds")};
        for (const auto& entry : json.at("outputs")) run.outputs.push_back(readOutput(entry, folder));
        answer.run = std::move(run);
    } catch (const nlohmann::json::exception&) {
        answer.failure = "the answer of the runtime's script cannot be read";
    } catch (const Error&) {
        answer.failure = "the runtime's script left no complete answer";
    }
    return answer;
}

// What stands between two texts; empty if they do not.
std::string between(const std::string& text, std::string_view before, std::string_view after) {
    const size_t start = text.find(before);
    if (start == std::string::npos) return {};
    const size_t from = start + before.size(), end = text.find(after, from);
    return end == std::string::npos ? std::string() : text.substr(from, end - from);
}

}  // namespace

std::string missingOnnxRuntime() {
    return findPlace().missing;
}

// The forms in which complaints of loading and of running name a node and its type.
std::string complainedNode(const std::string& text) {
    struct Form {
        const char *name, *nameEnd, *type, *typeEnd;
    };
    constexpr std::array kForms{Form{"Name:'", "'", "while running ", " node"}, Form{"Node (", ")", "Op (", ")"},
                                Form{"In Node, (\"", "\"", "\", ", ","},
                                Form{"node with name '", "'", "implementation for ", " node"}};
    for (const Form& form : kForms) {
        const std::string name = between(text, form.name, form.nameEnd), type = between(text, form.type, form.typeEnd);
        if (!name.empty()) return str(" at node ", name, type.empty() ? "" : " (" + type + ")");
    }
    return {};
}

RuntimeAnswer runOnnxRuntime(const fs::path& model, const std::vector<RuntimeTensor>& inputs,
                             const RuntimeOptions& options) {
    constexpr int kRefused = 2;  // exit status of the script when the runtime refuses the model or the inputs
    const Place place = findPlace();
    if (!place.missing.empty()) return {{}, "", "", place.missing};
    const ScratchFolder scratch;
    std::vector<std::string> arguments{place.node.string(),
                                       place.script.string(),
                                       "--modules",
                                       place.modules.string(),
                                       "--model",
                                       model.string(),
                                       "--out",
                                       scratch.path().string(),
                                       "--optimization",
                                       options.optimize ? "all" : "disabled",
                                       "--threads",
                                       str(options.threads),
                                       "--repeats",
                                       str(options.repeats)};
    if (!options.optimizedModel.empty())
        arguments.insert(arguments.end(), {"--optimized-model", options.optimizedModel.string()});
    for (size_t i = 0; i < inputs.size(); ++i) addInput(arguments, inputs[i], scratch.path() / str("input", i, ".bin"));
    ProcessResult result;
    try {
        result = runProcess(arguments, options.limitSeconds, options.cancel);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Io) throw;
        return {{}, "", "", error.what()};
    }
    if (result.timedOut) return {{}, "", "", str("the runtime did not answer within ", options.limitSeconds, " s")};
    if (result.exitCode == 0 || result.exitCode == kRefused) return readAnswer(scratch.path(), model);
    return {{},
            "",
            "",
            str("onnxruntime-node in ", place.modules.string(), " does not work: Node.js ended with status ",
                result.exitCode)};
}

}  // namespace qat
