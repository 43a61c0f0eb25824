// Resumable state as a file: tensors, and numbers as JSON in the metadata. A file has a version, belongs to one job,
// and is kept together with the one before it.
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
// same), without the keys that sittings may differ in (config/resumable.h), and more text that the caller knows, as
// SHA-256.
std::string jobIdentity(const Config& config, const std::string& more);
// The name under which earlier versions, where no sitting could differ in them, wrote the same job.
std::string formerJobIdentity(const Config& config, const std::string& more);

// Names and shapes of what a graph stores; with the values too, which is what a model computes.
std::string storedShapes(const Graph& graph);
std::string storedDigest(const Graph& graph);

// Where the state before the last one is.
std::filesystem::path predecessorOf(const std::filesystem::path& file);

// A second name for what a file holds now, which stays as it is when the file is replaced; a copy on file systems
// without links. Throws Error{Io}.
void keepSecondName(const std::filesystem::path& file, const std::filesystem::path& name);

// Replaces the file at once or not at all; the old one becomes the predecessor. `kind` says what is in it. Throws
// Error{Io}.
void writeResumeState(const std::filesystem::path& file, const std::string& kind, const std::string& identity,
                      ResumeState state);

// Throws Error{BadInput} naming the file if it is damaged, of another kind, of a newer version of the program, or of
// another job than these two names stand for.
ResumeState readResumeState(const std::filesystem::path& file, const std::string& kind, const std::string& identity,
                            const std::string& former = {});

// The numbers alone, whatever job they are of. Throws Error{BadInput} if the file is damaged or of another kind.
nlohmann::json readResumeNumbers(const std::filesystem::path& file, const std::string& kind);

// restore(file), or with the predecessor if that fails and there is one that succeeds; then tells why by told(reason).
// Throws what the newer file met with.
void restoreNewest(const std::filesystem::path& file, const std::function<void(const std::filesystem::path&)>& restore,
                   const std::function<void(const std::string&)>& told);

}  // namespace qat
