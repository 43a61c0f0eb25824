// Which summaries this version of the program understands, and what is wrong with one that it does not.
#pragma once

#include <filesystem>
#include <string>

namespace qat {

// What is written; of one with a larger number before the dot, figures may be missing or mean something else.
inline constexpr const char* kSummaryVersion = "1.5";

struct SummaryTrouble {
    bool newer = false;      // written by a newer version of the program; else damaged, where there is a sentence
    std::string sentence{};  // naming the file; "" where it can be read, or there is none
};

// Never throws: a file that cannot be read is damaged.
SummaryTrouble summaryTrouble(const std::filesystem::path& runFolder);

}  // namespace qat
