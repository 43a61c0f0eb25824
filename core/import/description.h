// What files say about a network in texts: names, nc, stride, task and yaml, as exporters and others write them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "import/checkpoint.h"

namespace qat {

inline constexpr int64_t kMostClasses = 100000;

// Gives the checkpoint its classes. Where there are names and a count, the count holds: names may be left over from a
// model with other classes. Throws Error{BadInput} for a count that is negative or above kMostClasses.
void setClasses(Checkpoint& checkpoint, std::vector<std::string> names, std::optional<int64_t> count);

// Takes what is known out of the texts, which are JSON or Python literals. What is not of the kind its name promises
// stays, with a note in the checkpoint: such texts are anybody's.
void takeDescription(Checkpoint& checkpoint, std::map<std::string, std::string>& texts);

}  // namespace qat
