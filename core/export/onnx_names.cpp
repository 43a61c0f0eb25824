// Scopes from module paths, and quoting of class names.
#include "export/onnx_names.h"

#include <algorithm>
#include <vector>

namespace qat {
namespace {

bool isNumber(std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string_view> parts(std::string_view text) {
    std::vector<std::string_view> found;
    while (true) {
        const size_t dot = text.find('.');
        found.push_back(text.substr(0, dot));
        if (dot == std::string_view::npos) return found;
        text.remove_prefix(dot + 1);
    }
}

}  // namespace

std::string onnxScope(std::string_view module) {
    std::string scope;
    std::string last;  // the scope's last part
    bool numbered = false;
    for (const std::string_view part : parts(module)) {
        const bool number = isNumber(part) && !last.empty();
        last = number ? last + "." + std::string(part) : std::string(part);
        if (number && !numbered)
            scope += "." + std::string(part);
        else
            scope += "/" + last;
        numbered = number;
    }
    return scope;
}

std::string quotedText(std::string_view text) {
    const bool doubled = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
    const char quote = doubled ? '"' : '\'';
    std::string quoted(1, quote);
    for (const char c : text) {
        if (c == '\n') {
            quoted += "\\n";
            continue;
        }
        if (c == quote || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + quote;
}

}  // namespace qat
