// Tables from checkpoints and YAML files.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "config/yaml_tree.h"
#include "models/layout.h"

namespace qat {
namespace {

using json = nlohmann::json;

constexpr size_t kMostRows = 1000;
constexpr double kMostTableRepeats = 1000, kMostChannels = 65536;
constexpr int kMostTableDepth = 16;
constexpr const char* kScales = "scales";
constexpr int64_t kPictureSide = 224;  // of what tells classes of pictures, where nobody says another
constexpr size_t kLongestName = 100;

// A value in a sentence: any bytes, cut short.
std::string shown(const json& value) {
    if (value.is_structured()) return str("a ", value.type_name(), " of ", value.size());
    const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() <= 60 ? text : text.substr(0, 60) + "...";
}

std::string shortModule(std::string_view name) {
    const size_t dot = name.rfind('.');
    return std::string(dot == std::string_view::npos ? name : name.substr(dot + 1));
}

class Reader {
public:
    // firstScale: of those of the table in the order of the text, which objects do not keep.
    Reader(const json& table, std::string firstScale) : m_table(table), m_firstScale(std::move(firstScale)) {
        require(table.is_object(), ErrorKind::BadInput, "a table of layers has keys, such as backbone and head");
    }

    Layout read(std::string_view scale) {
        Layout layout;
        layout.classes = whole("nc", 80, 1, 100000);
        layout.inputChannels = whole(m_table.contains("channels") ? "channels" : "ch", 3, 1, 1024);
        layout.regMax = whole("reg_max", 16, 1, 64);
        layout.endToEnd = flag("end2end");
        layout.activation = text("activation");
        layout.keypoints = numbers("kpt_shape");
        layout.hardTanh = flag("use_hardtanh");
        readAnchors(layout);
        readBitWidths(layout);
        readScale(layout, scale);
        for (const char* part : {"backbone", "head"}) {
            readRows(part, layout);
            if (part == std::string_view("backbone")) layout.backboneRows = layout.rows.size();
        }
        layout.family = text("yaml_file");
        layout.side = whole("imgsz", endsInClasses(layout) ? kPictureSide : kUsualSide, 32, 4096);
        return layout;
    }

private:
    const json* find(const char* key) const {
        const auto found = m_table.find(key);
        return found == m_table.end() || found->is_null() ? nullptr : &*found;
    }
    std::string text(const char* key) const {
        const json* value = find(key);
        require(!value || value->is_string(), ErrorKind::BadInput, key, " is no text");
        return value ? value->get<std::string>() : "";
    }
    bool flag(const char* key) const {
        const json* value = find(key);
        require(!value || value->is_boolean(), ErrorKind::BadInput, key, " is neither true nor false");
        return value && value->get<bool>();
    }
    int64_t whole(const char* key, int64_t missing, int64_t least, int64_t most) const {
        const json* value = find(key);
        if (!value) return missing;
        const double number = value->is_number() ? value->get<double>() : -1;
        require(
            number >= static_cast<double>(least) && number <= static_cast<double>(most) && number == std::floor(number),
            ErrorKind::BadInput, key, " is ", shown(*value), ", expected a whole number from ", least, " to ", most);
        return static_cast<int64_t>(number);
    }
    std::vector<double> numbers(const char* key) const {
        const json* value = find(key);
        if (!value) return {};
        const bool sound = value->is_array() && value->size() <= 64 &&
                           std::ranges::all_of(*value, [](const json& item) { return item.is_number(); });
        require(sound, ErrorKind::BadInput, key, " is no list of numbers");
        return value->get<std::vector<double>>();
    }

    // A list a level; a single number is that of anchors to be found in the data, which say nothing here.
    void readAnchors(Layout& layout) const {
        const json* value = find("anchors");
        if (!value || value->is_number()) return;
        require(value->is_array() && value->size() <= 8, ErrorKind::BadInput, "anchors is no list of levels");
        for (const json& level : *value) {
            const bool sound = level.is_array() && !level.empty() && level.size() <= 64 && level.size() % 2 == 0 &&
                               std::ranges::all_of(level, [](const json& item) {
                                   return item.is_number() && item.get<double>() > 0 && item.get<double>() < 1e5;
                               });
            require(sound, ErrorKind::BadInput, "anchors: a level is no list of pairs of sizes above 0");
            layout.anchors.push_back(level.get<std::vector<double>>());
        }
    }

    // Four widths, or a list that holds such a list.
    void readBitWidths(Layout& layout) const {
        const json* value = find("bit_width");
        if (!value) return;
        if (value->is_array() && value->size() == 1 && value->front().is_array()) value = &value->front();
        const bool sound = value->is_array() && value->size() == 4 &&
                           std::ranges::all_of(*value, [](const json& item) { return item.is_number(); });
        require(sound, ErrorKind::BadInput, "bit_width is ", shown(*value),
                ", expected four numbers: of the first weights, of weights, of activations, of the last weights");
        for (const json& item : *value) {
            const auto bits = item.get<double>();
            require(bits >= 1 && bits <= 8 && bits == std::floor(bits), ErrorKind::BadInput, "bit_width has ", bits,
                    " in it: a quantizer has 1 to 8 bits");
            layout.bitWidths.push_back(static_cast<int64_t>(bits));
        }
    }

    void readScale(Layout& layout, std::string_view wanted) {
        LayoutScale& scale = layout.scale;
        scale.depth = factor("depth_multiple"), scale.width = factor("width_multiple");
        const json* scales = find(kScales);
        if (!scales) return;
        require(scales->is_object() && !scales->empty(), ErrorKind::BadInput, "scales is no map from names to factors");
        scale.name = wanted.empty() ? text("scale") : std::string(wanted);
        if (scale.name.empty()) scale.name = m_firstScale;
        const auto found = scales->find(scale.name);
        std::vector<std::string> names;
        for (const auto& [name, factors] : scales->items()) names.push_back(name);
        require(found != scales->end(), ErrorKind::BadInput, "there is no scale ", inQuotes(scale.name),
                ": it is one of ", joinedWords(names, ", "));
        const bool sound = found->is_array() && found->size() == 3 &&
                           std::ranges::all_of(*found, [](const json& item) { return item.is_number(); });
        require(sound, ErrorKind::BadInput, "scales.", scale.name, " is not depth, width and most channels");
        scale.depth = sensible((*found)[0].get<double>(), "depth");
        scale.width = sensible((*found)[1].get<double>(), "width");
        scale.maxChannels = std::min((*found)[2].get<double>(), 1e9);
        require(scale.maxChannels >= 1, ErrorKind::BadInput, "scales.", scale.name, " has no channels");
    }

    double factor(const char* key) const {
        const json* value = find(key);
        if (!value) return 1;
        require(value->is_number(), ErrorKind::BadInput, key, " is no number");
        return sensible(value->get<double>(), key);
    }
    static double sensible(double number, const char* what) {
        require(number > 0 && number <= 100, ErrorKind::BadInput, what, " ", number, " is not between 0 and 100");
        return number;
    }

    void readRows(const char* part, Layout& layout) {
        const json* rows = find(part);
        require(rows && rows->is_array() && !rows->empty(), ErrorKind::BadInput, part, " is no list of rows");
        require(layout.rows.size() + rows->size() <= kMostRows, ErrorKind::BadInput, "there are more than ", kMostRows,
                " rows");
        for (const json& row : *rows) {
            m_row = layout.rows.size();
            layout.rows.push_back(readRow(row));
        }
    }

    template <class... Parts>
    void check(bool sound, const Parts&... parts) const {
        require(sound, ErrorKind::BadInput, "row ", m_row, ": ", parts...);
    }

    LayoutRow readRow(const json& row) const {
        check(row.is_array() && (row.size() == 4 || row.size() == 5) && row[2].is_string() && row[3].is_array(),
              "expected [from, number, module, arguments]");
        LayoutRow made;
        made.module = shortModule(row[2].get<std::string>());
        check(row[1].is_number() && row[1].get<double>() >= 0 && row[1].get<double>() <= kMostTableRepeats, made.module,
              " is repeated ", shown(row[1]), " times, not 0 to ", kMostTableRepeats);
        made.repeats = row[1].get<double>();
        made.from = readFrom(row[0], made.module);
        check(row[3].size() <= 32, made.module, " has ", row[3].size(), " arguments");
        for (const json& item : row[3]) made.args.push_back(readArg(item, made.module));
        if (row.size() == 5) made.name = readName(row[4], made.module);
        return made;
    }

    // Part of the names of tensors.
    std::string readName(const json& name, const std::string& module) const {
        const auto isPart = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; };
        const std::string text = name.is_string() ? name.get<std::string>() : "";
        check(!text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, isPart), module, " is called ",
              shown(name), ", expected letters, digits, _ and dots");
        return text;
    }

    std::vector<int64_t> readFrom(const json& from, const std::string& module) const {
        const json list = from.is_array() ? from : json::array({from});
        const bool sound = !list.empty() && list.size() <= 64 &&
                           std::ranges::all_of(list, [](const json& item) { return item.is_number_integer(); });
        check(sound, module, " reads ", shown(from), ", which names no rows");
        return list.get<std::vector<int64_t>>();
    }

    LayoutArg readArg(const json& item, const std::string& module) const {
        using Kind = LayoutArg::Kind;
        if (item.is_null()) return {};
        if (item.is_boolean()) return {Kind::Number, item.get<bool>() ? 1.0 : 0.0};
        if (item.is_number()) return numberArg(item.get<double>(), module);
        if (item.is_string()) return textArg(item.get<std::string>());
        check(item.is_array() && item.size() <= 64, module, " has an argument that is ", item.type_name());
        LayoutArg list{Kind::List};
        for (const json& number : item) {
            if (!number.is_number()) return {Kind::Text, 0, item.dump()};  // anchors of YOLOv5's head, as lists
            list.list.push_back(numberArg(number.get<double>(), module).number);
        }
        return list;
    }
    LayoutArg numberArg(double number, const std::string& module) const {
        check(std::abs(number) <= kMostChannels, module, " has the argument ", number, ", which is beyond ",
              kMostChannels);
        return {LayoutArg::Kind::Number, number};
    }
    static LayoutArg textArg(const std::string& word) {
        if (word == "None") return {};
        if (word == "True" || word == "False") return {LayoutArg::Kind::Number, word == "True" ? 1.0 : 0.0};
        return {LayoutArg::Kind::Text, 0, word};
    }

    const json& m_table;
    const std::string m_firstScale;
    size_t m_row = 0;
};

// Plain scalars by what they look like, as YAML has it.
json scalar(const YamlNode& node) {
    const std::string& word = node.text;
    if (node.quoted) return word;
    if (word == "true" || word == "True") return true;
    if (word == "false" || word == "False") return false;
    if (word == "None" || word == "null" || word == "~" || word.empty()) return nullptr;
    int64_t whole = 0;
    double number = 0;
    const char *first = word.data() + (word.front() == '+' ? 1 : 0), *last = word.data() + word.size();
    if (const auto [end, error] = std::from_chars(first, last, whole); error == std::errc() && end == last)
        return whole;
    if (const auto [end, error] = std::from_chars(first, last, number); error == std::errc() && end == last)
        return number;
    return word;
}

json jsonOf(const YamlNode& node) {
    if (node.isNull()) return nullptr;
    if (node.isScalar()) return scalar(node);
    json made = node.isMap() ? json::object() : json::array();
    for (const YamlItem& item : node.items)
        if (node.isMap())
            made[item.key->text] = jsonOf(*item.node);
        else
            made.push_back(jsonOf(*item.node));
    return made;
}

std::string firstScaleOf(const YamlNode& root) {
    if (!root.isMap()) return "";
    for (const YamlItem& item : root.items)
        if (item.key->text == kScales && item.node->isMap() && !item.node->items.empty())
            return item.node->items.front().key->text;
    return "";
}

}  // namespace

Layout layoutFromJson(std::string_view text, std::string_view scale) {
    bool deep = false;  // trees are walked by recursion
    std::string key, firstScale;
    const auto notDeep = [&](int depth, json::parse_event_t event, const json& value) {
        deep = deep || depth > kMostTableDepth;
        if (event == json::parse_event_t::key && depth == 1) key = value.get<std::string>();
        if (event == json::parse_event_t::key && depth == 2 && key == kScales && firstScale.empty())
            firstScale = value.get<std::string>();
        return !deep;
    };
    const json table = json::parse(text, notDeep, /*allow_exceptions=*/false);
    require(!deep, ErrorKind::BadInput, "its table of layers is nested more than ", kMostTableDepth, " deep");
    require(!table.is_discarded(), ErrorKind::BadInput, "its table of layers is no JSON");
    return Reader(table, firstScale).read(scale);
}

Layout layoutFromYaml(std::string_view yaml, std::string_view scale) {
    const YamlDocument document = parseYaml(yaml);
    if (!document.failures.empty()) {
        const YamlFailure& failure = document.failures.front();
        const auto line = 1 + std::ranges::count(yaml.substr(0, std::min(failure.offset, yaml.size())), '\n');
        fail(ErrorKind::BadInput, "line ", line, ": ", failure.message);
    }
    const YamlNode& root = *document.root.node;
    return Reader(jsonOf(root), firstScaleOf(root)).read(scale);
}

}  // namespace qat
