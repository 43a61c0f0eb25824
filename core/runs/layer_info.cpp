// layers.json by the fields of a layer.
#include "runs/layer_info.h"

#include "base/text.h"
#include "runs/fields_json.h"

namespace qat {

std::string layersText(const std::vector<LayerInfo>& layers) {
    return jsonText(toJson(layers), 2) + "\n";
}

ReadLayers readLayers(std::string_view text) {
    ReadLayers read;
    nlohmann::json list;
    try {
        list = nlohmann::json::parse(text);
    } catch (const nlohmann::json::parse_error& error) {
        read.damagedFrom = std::max<size_t>(error.byte, 1);
        return read;
    }
    read.isList = list.is_array();
    fromJson(list, read.layers);
    read.nameless = std::erase_if(read.layers, [](const LayerInfo& layer) { return layer.name.empty(); });
    return read;
}

}  // namespace qat
