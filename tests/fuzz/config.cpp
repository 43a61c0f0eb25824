// Configurations; the seeds are what the fuzzer found worth keeping.
#include <filesystem>

#include "base/files.h"
#include "config/sane_reading.h"
#include "fuzz/target.h"

namespace qat::test {

FuzzVerdict judgeConfig(const std::string& bytes) {
    return verdictOn([&] { return problemOfReading(bytes); });
}

std::vector<std::string> configSeeds() {
    std::vector<std::string> seeds;
    for (const auto& entry : std::filesystem::directory_iterator(QAT_CORPUS_FOLDER))
        seeds.push_back(readFile(entry.path()));
    return seeds;
}

}  // namespace qat::test
