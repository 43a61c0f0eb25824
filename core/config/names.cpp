// Optimal string alignment distance over short names.
#include "config/names.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/fields.h"

namespace qat {
namespace {

constexpr size_t kLongestName = 48;  // no key is longer; keeps hostile ones cheap

// Keys that stood elsewhere in earlier versions.
struct Moved {
    std::string_view from, to;
};
constexpr std::array kMoved{Moved{"train_params.ema", "ema"}};

// Where the key is now; "" if it never moved.
std::string newPlace(std::string_view section, std::string_view name) {
    const std::string path = section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
    for (const auto& [from, to] : kMoved)
        if (path == from || path.starts_with(std::string(from) + "."))
            return std::string(to) + path.substr(from.size());
    return {};
}

char folded(char c) {
    return c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

size_t distance(std::string_view a, std::string_view b) {
    std::vector<size_t> beforeLast(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const bool same = folded(a[i - 1]) == folded(b[j - 1]);
            current[j] = std::min({last[j] + 1, current[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
            const bool swapped =
                i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]);
            if (swapped) current[j] = std::min(current[j], beforeLast[j - 2] + 1);
        }
        std::swap(beforeLast, last);
        std::swap(last, current);
    }
    return last[b.size()];
}

}  // namespace

std::string closestName(std::string_view name, const std::vector<std::string>& candidates) {
    if (name.empty() || name.size() > kLongestName) return {};
    std::string best;
    size_t bestDistance = std::max<size_t>(1, name.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const size_t found = distance(name, candidate);
        if (found >= bestDistance || found >= candidate.size()) continue;
        bestDistance = found;
        best = candidate;
    }
    return best;
}

std::string suggestionFor(std::string_view section, std::string_view name) {
    if (const std::string moved = newPlace(section, name); !moved.empty()) return " (it is " + moved + " now)";
    std::string meant = closestName(name, childNames(section));
    if (meant.empty() && name.size() <= kLongestName) {
        const std::string ending = "." + std::string(name);
        for (const std::string& path : pathsAround(section))
            if (path == name || path.ends_with(ending)) {
                meant = path;
                break;
            }
    }
    return meant.empty() ? "" : " (did you mean " + meant + "?)";
}

}  // namespace qat
