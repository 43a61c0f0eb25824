// Reads the header event by event, so that nothing but what the format allows is ever built, however it is nested.
#include "import/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

using Json = nlohmann::json;
constexpr std::string_view kMetadataKey = "__metadata__";

// The events of nlohmann's parser; the names are its own. Every event throws or returns true.
class HeaderEvents {
public:
    explicit HeaderEvents(SafetensorsHeader& header) : m_header(header) {}

    bool null() { return reject("null"); }
    bool boolean(bool) { return reject("true or false"); }
    bool number_integer(Json::number_integer_t) { return reject("a negative number"); }
    bool number_float(Json::number_float_t, const std::string&) { return reject("a fraction"); }
    bool binary(Json::binary_t&) { return reject("binary data"); }

    bool number_unsigned(Json::number_unsigned_t value) {
        if (m_place == Place::Shape) {
            checkSafetensors(value <= INT64_MAX, "tensor ", inQuotes(m_entry.name), " has a size of ", value);
            checkSafetensors(m_entry.shape.size() < 64, "tensor ", inQuotes(m_entry.name),
                             " has more than 64 dimensions");
            m_entry.shape.push_back(static_cast<int64_t>(value));
        } else {
            checkSafetensors(m_place == Place::Offsets && m_offsets < 2, "the header has a number after ",
                             inQuotes(m_key));
            (m_offsets++ == 0 ? m_entry.begin : m_entry.end) = value;
        }
        return true;
    }

    bool string(std::string& value) {
        if (m_place == Place::Metadata) {
            checkSafetensors(m_header.metadata.emplace(m_key, value).second, "the metadata has ", inQuotes(m_key),
                             " twice");
            return true;
        }
        checkSafetensors(m_place == Place::Tensor && m_key == "dtype", "the header has a text after ", inQuotes(m_key));
        const auto type = typeFromSafetensors(value);
        checkSafetensors(type.has_value(), "tensor ", inQuotes(m_entry.name), " is of the unknown type ",
                         inQuotes(value));
        m_entry.type = *type;
        return true;
    }

    bool start_object(size_t) {
        if (m_place == Place::Start) {
            m_place = Place::Top;
            return true;
        }
        checkSafetensors(m_place == Place::Top, "the header has an object after ", inQuotes(m_key));
        m_place = m_key == kMetadataKey ? Place::Metadata : Place::Tensor;
        m_entry = {};
        m_entry.name = m_key;
        m_seen.clear();
        m_offsets = 0;
        return true;
    }

    bool key(std::string& value) {
        m_key = value;
        if (m_place == Place::Top)
            checkSafetensors(m_names.insert(value).second, "the header has ", inQuotes(value), " twice");
        if (m_place != Place::Tensor) return true;
        checkSafetensors(value == "dtype" || value == "shape" || value == "data_offsets", "tensor ",
                         inQuotes(m_entry.name), " has the unknown key ", inQuotes(value));
        checkSafetensors(m_seen.insert(value).second, "tensor ", inQuotes(m_entry.name), " has ", inQuotes(value),
                         " twice");
        return true;
    }

    bool start_array(size_t) {
        checkSafetensors(m_place == Place::Tensor && m_key != "dtype", "the header has a list after ", inQuotes(m_key));
        m_place = m_key == "shape" ? Place::Shape : Place::Offsets;
        return true;
    }

    bool end_array() {
        m_place = Place::Tensor;
        return true;
    }

    bool end_object() {
        if (m_place == Place::Tensor) {
            checkSafetensors(m_seen.size() == 3 && m_offsets == 2, "tensor ", inQuotes(m_entry.name),
                             " lacks its type, shape or offsets");
            m_header.entries.push_back(std::move(m_entry));
        }
        m_place = m_place == Place::Top ? Place::End : Place::Top;
        return true;
    }

    bool parse_error(size_t position, const std::string&, const Json::exception&) {
        fail(ErrorKind::BadInput, "the header is not valid JSON near byte ", position);
    }

private:
    enum class Place { Start, Top, Metadata, Tensor, Shape, Offsets, End };

    bool reject(std::string_view what) {
        fail(ErrorKind::BadInput, "the header has ", what, " after ", inQuotes(m_key));
    }

    SafetensorsHeader& m_header;
    Place m_place = Place::Start;
    std::string m_key;
    SafetensorsEntry m_entry;
    int m_offsets = 0;
    std::unordered_set<std::string> m_seen, m_names;
};

std::string jsonString(const std::string& text) {
    return jsonText(Json(text));
}

std::string jsonList(const Shape& values) {
    return Json(values).dump();
}

}  // namespace

SafetensorsHeader parseSafetensorsHeader(std::string_view json) {
    SafetensorsHeader header;
    HeaderEvents events(header);
    Json::sax_parse(json.begin(), json.end(), &events);
    return header;
}

std::string formatSafetensorsHeader(const SafetensorsHeader& header) {
    std::string text = "{";
    const auto separate = [&] {
        if (text.size() > 1 && text.back() != '{') text += ',';
    };
    if (!header.metadata.empty()) {
        text += jsonString(std::string(kMetadataKey)) + ":{";
        for (const auto& [key, value] : header.metadata) {
            separate();
            text += jsonString(key) + ':' + jsonString(value);
        }
        text += '}';
    }
    for (const SafetensorsEntry& entry : header.entries) {
        ensure(isUtf8(entry.name) && entry.name != kMetadataKey, "tensor name for safetensors");
        separate();
        text += str(jsonString(entry.name), ":{\"dtype\":\"", safetensorsName(entry.type),
                    "\",\"shape\":", jsonList(entry.shape), ",\"data_offsets\":[", entry.begin, ',', entry.end, "]}");
    }
    text += '}';
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
}

}  // namespace qat
