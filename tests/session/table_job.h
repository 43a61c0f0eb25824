// A job whose network is given as a table of layers.
#pragma once

#include <filesystem>
#include <string>

#include "session/small_job.h"

namespace qat::test {

// A detector of 17 thousand numbers with maps at strides 8 and 16, in scales s and n, of which s comes first. `row`
// stands in place of its third row, `coarser` gives it a third map, at stride 64.
std::string smallTable(const std::string& row = "[-1, 1, C2f, [32, True]]", bool coarser = false);

// The small job on that table, which is written into the folder, from random weights.
class TableJob : public SmallJob {
public:
    explicit TableJob(const std::filesystem::path& folder, const std::string& table = smallTable());

    const std::filesystem::path file;
};

}  // namespace qat::test
