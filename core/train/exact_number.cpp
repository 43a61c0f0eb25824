// To text and back.
#include "train/exact_number.h"

#include <array>
#include <charconv>
#include <string>

#include "base/error.h"

namespace qat {

using nlohmann::json;

json exact(double value) {
    std::array<char, 48> text;
    const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::hex).ptr;
    return std::string(text.data(), end);
}

double exact(const json& value) {
    const auto& text = value.get_ref<const std::string&>();
    double result = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result, std::chars_format::hex);
    require(error == std::errc() && end == text.data() + text.size(), ErrorKind::BadInput, "bad number ", text);
    return result;
}

int64_t count(const json& value) {
    require(value.is_number_integer() && value >= 0, ErrorKind::BadInput, "its position is damaged");
    return value.get<int64_t>();
}

}  // namespace qat
