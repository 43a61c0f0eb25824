// libFuzzer's entries for the reader that QATELIER_FUZZ names. HACKING.md has the command.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fuzz/target.h"

namespace {

const qat::test::FuzzTarget& target() {
    static const qat::test::FuzzTarget& chosen = [&]() -> const qat::test::FuzzTarget& {
        const char* name = std::getenv("QATELIER_FUZZ");
        return qat::test::fuzzTarget(name ? name : "");
    }();
    return chosen;
}

// An empty corpus folder gets the seeds.
void plant(const std::filesystem::path& corpus) {
    if (!std::filesystem::is_directory(corpus) || !std::filesystem::is_empty(corpus)) return;
    int count = 0;
    for (const std::string& seed : target().seeds())
        std::ofstream(corpus / ("seed-" + std::to_string(count++)), std::ios::binary) << seed;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    for (int i = *count - 1; i > 0; --i)
        if ((*arguments)[i][0] != '-') plant((*arguments)[i]);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
    const auto verdict = target().judge({reinterpret_cast<const char*>(data), size});
    if (verdict.problem.empty()) return 0;
    std::fprintf(stderr, "%s: %s\n", target().name, verdict.problem.c_str());
    std::abort();
}
