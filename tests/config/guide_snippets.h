// The snippets of the configuration guide as test input.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "config/config_io.h"

namespace qat {

// Failed comparisons show a configuration instead of its bytes.
inline void PrintTo(const Config& config, std::ostream* out) {
    *out << writeConfig(config);
}

}  // namespace qat

namespace qat::test {

struct GuideSnippet {
    std::string name;
    std::string text;
};

// In the order of the guide, its three examples last.
const std::vector<GuideSnippet>& guideSnippets();

}  // namespace qat::test
