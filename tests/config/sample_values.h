// A legal value other than the default for every key, for tests that go through the whole table.
#pragma once

#include <cmath>
#include <string>

#include "config/config_io.h"

namespace qat::test {

inline bool isNumberList(const ConfigField& field) {
    return field.kind == ConfigField::Kind::List && field.maximum > field.minimum;
}

// Written without quotes. `variant` 0 or 1 gives two different values.
inline std::string otherValue(const ConfigField& field, int variant = 0) {
    using Kind = ConfigField::Kind;
    const auto differs = [&](const std::string& value) { return value != field.defaultValue; };
    switch (field.kind) {
        case Kind::Boolean:
            return (field.defaultValue == "true") == (variant == 0) ? "false" : "true";
        case Kind::Choice:
            if (field.path.ends_with("dtype"))
                return differs("qint8") ? "qint8" : "quint8";  // nor do floating point types
            for (size_t i = 0; i < field.choices.size(); ++i) {
                const std::string& choice = field.choices[(i + static_cast<size_t>(variant)) % field.choices.size()];
                if (differs(choice)) return choice;
            }
            return field.choices.front();
        case Kind::Integer: {
            if (field.path == "data.imgsz") return variant ? "320" : "416";
            if (field.path.ends_with("bit_width")) return variant ? "5" : "6";  // one bit does not go with everything
            const long value = static_cast<long>(field.minimum) + 1 + variant;
            return std::to_string(differs(std::to_string(value)) ? value : value - 1);
        }
        case Kind::Real: {
            const double span = std::min(field.maximum - field.minimum, 10.0);
            std::string text = std::to_string(field.minimum + span * (variant ? 0.375 : 0.625));
            return text;
        }
        case Kind::List:
            if (isNumberList(field)) return variant ? "[3]" : "[2, 5, 16]";
            if (!field.choices.empty())
                return variant ? "[" + field.choices.back() + "]"
                               : "[" + field.choices.back() + ", " + field.choices.front() + "]";
            return variant ? "[mse]" : "[cosine, \"a b\", mAP]";
        case Kind::Path:
            return variant ? "some/where.pt" : "other place/it's \"here\".pt";
        case Kind::Text:
            return variant ? "plain" : "a: b # c";
    }
    return {};
}

}  // namespace qat::test
