// Options from the sweep, the choice, and its file.
#include "session/width_search.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/bit_search.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "config/pattern.h"
#include "session/describe.h"

namespace qat {
namespace {

constexpr const char* kFile = "bit_widths.json";

}  // namespace

bool adaptsWidths(const Config& config) {
    return config.train.quantize && config.qat.useMixedPrecision && config.qat.autoAdaptBitWidth;
}

std::vector<int> candidateWidths(const Config& config) {
    const std::set<int> given(config.mixedPrecision.bits.begin(), config.mixedPrecision.bits.end());
    if (!given.empty()) return {given.begin(), given.end()};
    std::set<int> widths(config.sensitivity.bits.begin(), config.sensitivity.bits.end());
    widths.insert(config.quantization.weight.bitWidth);
    return {widths.begin(), widths.end()};
}

WidthSearch searchWidths(const Config& config, const Graph& floatGraph, const QuantPlan& plan,
                         const std::vector<LayerSensitivity>& rows) {
    std::vector<BitOptions> options;
    double budget = 0, weights = 0;
    for (const WeightPlan& planned : plan.weights) {
        if (planned.how.origin != config.sources.of("quantization.weight.bit_width")) continue;
        BitOptions layer{floatGraph.node(planned.node).name, weightCount(floatGraph, planned.node), {}};
        for (const LayerSensitivity& row : rows)
            if (row.node == planned.node) layer.options.push_back({row.bits, row.error.noiseToSignal()});
        require(!layer.options.empty(), ErrorKind::Internal, layer.layer, " was not measured");
        budget += static_cast<double>(layer.weights) * planned.how.tensor.bitWidth;
        weights += static_cast<double>(layer.weights);
        options.push_back(std::move(layer));
    }
    if (config.mixedPrecision.averageBits > 0) budget = config.mixedPrecision.averageBits * weights;
    WidthSearch search{weights > 0 ? budget / weights : 0, 0, {}};
    const std::vector<int> bits = chooseBits(options, budget);
    double spent = 0;
    for (size_t i = 0; i < options.size(); ++i) {
        search.layers.push_back({options[i].layer, bits[i]});
        spent += static_cast<double>(options[i].weights) * bits[i];
    }
    search.averageBits = weights > 0 ? spent / weights : 0;
    return search;
}

void writeWidths(const std::filesystem::path& runFolder, const WidthSearch& search) {
    nlohmann::ordered_json layers = nlohmann::ordered_json::array();
    for (const auto& [layer, bits] : search.layers) layers.push_back({{"layer", layer}, {"bits", bits}});
    const nlohmann::ordered_json file{
        {"budget_bits", search.budgetBits}, {"average_bits", search.averageBits}, {"layers", layers}};
    writeFileAtomic(runFolder / kFile, jsonText(file, 2) + "\n");
}

bool applyChosenWidths(const std::filesystem::path& runFolder, Config& config) {
    const auto path = runFolder / kFile;
    std::error_code unreadable;
    if (!std::filesystem::exists(path, unreadable)) return false;
    const nlohmann::json file = nlohmann::json::parse(readFile(path), nullptr, false);
    try {
        for (const auto& row : file.at("layers")) {
            LayerConfig entry;
            entry.pattern = patternForLayer(row.at("layer").get<std::string>());
            entry.weight.bitWidth = row.at("bits").get<int>();
            entry.origin = "search";
            require(*entry.weight.bitWidth >= 2 && *entry.weight.bitWidth <= 16, ErrorKind::BadInput, path.string(),
                    ": a width of ", *entry.weight.bitWidth, " bits");
            config.quantization.layerConfigs.push_back(std::move(entry));
        }
    } catch (const nlohmann::json::exception&) {
        fail(ErrorKind::BadInput, path.string(), " is damaged");
    }
    return true;
}

}  // namespace qat
