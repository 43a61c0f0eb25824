// Layer patterns: regular expressions searched in a layer's name and aliases, in linear time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace qat {

// Immutable and cheap to copy; matching is safe from several threads.
class LayerPattern {
public:
    // RE2 syntax. Throws Error{BadInput} naming the pattern and what is wrong with it.
    explicit LayerPattern(std::string_view pattern);

    // Whether the expression is found anywhere in the name or in one of the aliases.
    bool matches(std::string_view name, const std::vector<std::string>& aliases = {}) const;
    const std::string& text() const;

    // What is wrong with a pattern, as part of a sentence; nothing if it is fine.
    static std::optional<std::string> complaint(std::string_view pattern);

private:
    std::shared_ptr<const re2::RE2> m_expression;
};

// The pattern with every dot escaped that can only be meant as a dot: not escaped yet, outside brackets, not repeated.
std::string withEscapedDots(std::string_view pattern);

// A pattern that matches exactly this layer name.
std::string patternForLayer(std::string_view name);

}  // namespace qat
