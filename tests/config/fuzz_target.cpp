// libFuzzer's entry: any bytes as a configuration. HACKING.md has the command.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sane_reading.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
    const std::string problem = qat::test::problemOfReading({reinterpret_cast<const char*>(data), size});
    if (problem.empty()) return 0;
    std::fprintf(stderr, "%s\n", problem.c_str());
    std::abort();
}
