// Numbers as text, in tables and on pages.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

namespace qat {

inline std::string fixed(double value, int digits) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

// "-" where there is none.
inline std::string fixed(const std::optional<double>& value, int digits) {
    return value ? fixed(*value, digits) : "-";
}

}  // namespace qat
