// Resumable state as a file: tensors, and numbers as JSON in the metadata. A file has a version, belongs to one job, and
// is kept together with the one before it.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/config.h"
#include "graph/graph.h"
#include "import/checkpoint.h"

namespace qat {

struct ResumeState {
    nlohmann::json numbers;
    std::vector<NamedTensor> tensors;
};

// Names a job: what the configuration says beyond its defaults (a later version, which knows more keys, then finds the
// same) and more text that the caller knows, as SHA-256.
std::string jobIdentity(const Config& config, const std::string& more);

// Names and shapes of what a graph stores; with the values too, which is what a model computes.
std::string storedShapes(const Graph& graph);
std::string storedDigest(const Graph& graph);

// Where the state before the last one is.
std::filesystem::path predecessorOf(const std::filesystem::path& file);

// Replaces the file at once or not at all; the old one becomes the predecessor. `kind` says what is in it. Throws
// Error{Io}.
void writeResumeState(const std::filesystem::path& file, const std::string& kind, const std::string& identity,
                      ResumeState state);

// Throws Error{BadInput} naming the file if it is damaged, of another kind, of a newer version of the program, or of
// another job.
ResumeState readResumeState(const std::filesystem::path& file, const std::string& kind, const std::string& identity);

// restore(file), or with the predecessor if that fails and there is one that succeeds; then tells why by told(reason).
// Throws what the newer file met with.
void restoreNewest(const std::filesystem::path& file, const std::function<void(const std::filesystem::path&)>& restore,
                   const std::function<void(const std::string&)>& told);

}  // namespace qat
