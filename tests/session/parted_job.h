// A small job in several sittings.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session/small_job.h"

namespace qat::test {

// When a sitting ends: as a stage begins or, with x, as a series gets there.
struct StopAt {
    std::string name;
    std::optional<double> x{};
};

// Runs the job that `prepare` sets up in `scratch`/`folder`, stops it at each place in turn, and resumes it to its end.
// Returns the last sitting.
std::unique_ptr<SmallJob> runInParts(const std::filesystem::path& scratch, const std::string& folder,
                                     const std::function<void(SmallJob&)>& prepare, const std::vector<StopAt>& stops);

}  // namespace qat::test
