// Words in a sentence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qat {

inline std::string joinedWords(const std::vector<std::string>& words, std::string_view between) {
    std::string text;
    for (size_t i = 0; i < words.size(); ++i) (text += i > 0 ? between : "") += words[i];
    return text;
}

}  // namespace qat
