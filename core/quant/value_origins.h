// Which value each layer has for each key, and who said so.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"

namespace qat {

// Keys as in an entry of quantization.layer_configs (config.weight.bit_width); values as in a form.
struct StatedBy {
    std::string value;
    std::string origin;  // "default", "line 12", "command line", "pattern 2, line 37", "search", "head policy"
                         // (quant/branch_policies.h), "row 2, QuantConv" (graph/declared_quantizer.h)
};
using LayerValues = std::map<std::string, StatedBy>;

// What an entry sets, keys as it has them, from the entry's origin.
LayerValues statedBy(const LayerConfig& entry);

class ValueOrigins {
public:
    explicit ValueOrigins(const Config& config);

    // What the sections say, before any pattern.
    const LayerValues& sections() const { return m_sections; }
    // What entry `index` of layer_configs sets, widths left out where mixed precision is off.
    void apply(size_t index, LayerValues& values) const;

private:
    LayerValues m_sections;
    std::vector<LayerValues> m_entries;
};

}  // namespace qat
