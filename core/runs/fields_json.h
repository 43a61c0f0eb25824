// JSON of structs by their fields(): one writer and one forgiving reader for all of them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/events.h"
#include "runs/event.h"

namespace qat {

template <class T>
concept HasFields = requires {
    T::fields();
};

template <std::floating_point T>
nlohmann::ordered_json toJson(T value) {
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}
template <std::integral T>
nlohmann::ordered_json toJson(T value) {
    return value;
}
inline nlohmann::ordered_json toJson(const std::string& value) {
    return value;
}
inline nlohmann::ordered_json toJson(const TextOrNull& value) {
    return value.text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value.text);
}
inline nlohmann::ordered_json toJson(LogLevel level) {
    static constexpr std::array kNames{"debug", "info", "warning", "error"};  // by LogLevel
    return kNames[static_cast<size_t>(level)];
}
nlohmann::ordered_json toJson(const HasFields auto& value);

template <class List>
nlohmann::ordered_json listJson(const List& list) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const auto& item : list) json.push_back(toJson(item));
    return json;
}
inline nlohmann::ordered_json toJson(const Box& box) {
    return listJson(box);
}
template <class T>
nlohmann::ordered_json toJson(const std::vector<T>& list) {
    return listJson(list);
}
inline nlohmann::ordered_json toJson(const std::map<std::string, double>& numbers) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const auto& [name, value] : numbers) json[name] = toJson(value);
    return json;
}

// An optional without a value leaves its key out.
template <class T>
void putField(nlohmann::ordered_json& json, std::string_view name, const T& value) {
    json[std::string(name)] = toJson(value);
}
template <class T>
void putField(nlohmann::ordered_json& json, std::string_view name, const std::optional<T>& value) {
    if (value) putField(json, name, *value);
}

// Adds the fields after what the object has.
template <HasFields T>
void putFields(nlohmann::ordered_json& json, const T& value) {
    std::apply([&](const auto&... field) { (putField(json, field.name, value.*field.member), ...); }, T::fields());
}
nlohmann::ordered_json toJson(const HasFields auto& value) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    putFields(json, value);
    return json;
}

// Readers: each leaves the value as it is where the JSON is of another kind.
inline void fromJson(const nlohmann::json& json, double& value) {
    if (json.is_null()) value = std::numeric_limits<double>::quiet_NaN();
    if (json.is_number()) value = json.get<double>();
}
inline void fromJson(const nlohmann::json& json, bool& value) {
    if (json.is_boolean()) value = json.get<bool>();
}
// Also of a number with a point; limited to what T holds and a double counts exactly.
template <std::signed_integral T>
void fromJson(const nlohmann::json& json, T& value) {
    constexpr double kExact = 9007199254740992;  // 2^53
    constexpr double kMost = std::min(kExact, static_cast<double>(std::numeric_limits<T>::max()));
    if (json.is_number()) value = static_cast<T>(std::clamp(json.get<double>(), -kMost, kMost));
}
inline void fromJson(const nlohmann::json& json, std::string& value) {
    if (json.is_string()) value = json.get_ref<const std::string&>();
}
inline void fromJson(const nlohmann::json& json, TextOrNull& value) {
    fromJson(json, value.text);
}
inline void fromJson(const nlohmann::json& json, LogLevel& value) {
    for (const LogLevel level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error})
        if (json == nlohmann::json(toJson(level))) value = level;
}
// Four numbers; anything else makes kNoBox.
inline void fromJson(const nlohmann::json& json, Box& value) {
    value = kNoBox;
    if (!json.is_array() || json.size() != value.size()) return;
    for (size_t i = 0; i < value.size(); ++i)
        if (json[i].is_number()) value[i] = json[i].get<float>();
}
inline void fromJson(const nlohmann::json& json, std::map<std::string, double>& value) {
    if (!json.is_object()) return;
    for (const auto& [name, number] : json.items())
        if (number.is_number() || number.is_null()) fromJson(number, value[name]);
}
void fromJson(const nlohmann::json& json, HasFields auto& value);
template <class T>
void fromJson(const nlohmann::json& json, std::optional<T>& value) {
    fromJson(json, value.emplace());
}
template <class T>
void fromJson(const nlohmann::json& json, std::vector<T>& value) {
    if (!json.is_array()) return;
    value.clear();
    for (const auto& item : json) fromJson(item, value.emplace_back());
}

template <class T>
void takeField(const nlohmann::json& json, std::string_view name, T& value) {
    if (const auto found = json.find(name); found != json.end()) fromJson(*found, value);
}
void fromJson(const nlohmann::json& json, HasFields auto& value) {
    if (!json.is_object()) return;
    std::apply([&](const auto&... field) { (takeField(json, field.name, value.*field.member), ...); },
               std::remove_reference_t<decltype(value)>::fields());
}

}  // namespace qat
