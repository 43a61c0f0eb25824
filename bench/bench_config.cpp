// Reading a configuration of 60 patterns (300 lines) and resolving it against the largest model.
#include <memory>
#include <string>

#include "base/error.h"
#include "benches.h"
#include "config/config_io.h"
#include "models/yolov8.h"
#include "quant/plan.h"

namespace qat::bench {
namespace {

constexpr int kPatterns = 60;

std::string sixtyPatterns() {
    std::string text = "quantization:\n  layer_configs:\n";
    for (int i = 0; i < kPatterns; ++i)
        text += str("    - pattern: '^model\\.", i % 23, "\\..*(cv", 1 + i % 3,
                    "|bottleneck)'\n      config:\n        weight:\n          bit_width: ", 2 + i % 7, "\n");
    return text;
}

}  // namespace

void benchConfig(const Settings& settings, Table& table) {
    const Unit unit{"ms", 0, 1.0};
    const Contender resolve{"config.resolve_60_patterns", "", unit, [] {
                                const auto graph = std::make_shared<Graph>(buildYolov8("x", 80));
                                return [graph, text = sixtyPatterns()] {
                                    require(resolvePlan(*graph, readConfig(text).config).weights.size() > 50,
                                            ErrorKind::Internal, "no plan");
                                };
                            }};
    compare(settings, {2, 11}, {resolve}, table);
}

}  // namespace qat::bench
