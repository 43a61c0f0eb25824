// A table as a checkpoint carries it, the form that layoutFromJson() reads.
#include <cmath>
#include <nlohmann/json.hpp>

#include "models/layout.h"

namespace qat {
namespace {

using json = nlohmann::json;

json numberJson(double number) {
    if (number == std::floor(number) && std::abs(number) < 1e15) return static_cast<int64_t>(number);
    return number;
}

json listJson(const std::vector<double>& list) {
    json made = json::array();
    for (const double number : list) made.push_back(numberJson(number));
    return made;
}

json argJson(const LayoutArg& arg) {
    switch (arg.kind) {
        case LayoutArg::Kind::None:
            return nullptr;
        case LayoutArg::Kind::Number:
            return numberJson(arg.number);
        case LayoutArg::Kind::Text:
            return arg.text;
        case LayoutArg::Kind::List:
            return listJson(arg.list);
    }
    return nullptr;
}

json rowJson(const LayoutRow& row) {
    json args = json::array();
    for (const LayoutArg& arg : row.args) args.push_back(argJson(arg));
    const json from = row.from.size() == 1 ? json(row.from.front()) : json(row.from);
    json made{from, numberJson(row.repeats), row.module, args};
    if (!row.name.empty()) made.push_back(row.name);
    return made;
}

// A scale of its own, or with one of no name factors for all.
void addScale(json& table, const LayoutScale& scale) {
    if (scale.name.empty()) {
        table["depth_multiple"] = scale.depth, table["width_multiple"] = scale.width;
        return;
    }
    table["scale"] = scale.name;
    table["scales"][scale.name] = {scale.depth, scale.width, numberJson(scale.maxChannels)};
}

}  // namespace

std::string layoutJson(const Layout& layout) {
    json table{{"yaml_file", layout.family},
               {"nc", layout.classes},
               {"ch", layout.inputChannels},
               {"reg_max", layout.regMax},
               {"end2end", layout.endToEnd}};
    addScale(table, layout.scale);
    if (layout.side != kUsualSide) table["imgsz"] = layout.side;
    if (!layout.activation.empty()) table["activation"] = layout.activation;
    if (!layout.keypoints.empty()) table["kpt_shape"] = listJson(layout.keypoints);
    for (const auto& level : layout.anchors) table["anchors"].push_back(listJson(level));
    if (!layout.bitWidths.empty()) table["bit_width"] = layout.bitWidths;
    if (layout.hardTanh) table["use_hardtanh"] = true;
    for (size_t i = 0; i < layout.rows.size(); ++i)
        table[i < layout.backboneRows ? "backbone" : "head"].push_back(rowJson(layout.rows[i]));
    return table.dump();
}

}  // namespace qat
