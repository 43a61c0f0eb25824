// The variants of a family as sentences list them: sizes, and what members of any size may make beside boxes.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "config/architectures.h"

namespace qat {

struct VariantWords {
    std::vector<std::string> sizes, tasks;  // n, s; -seg, -pose
};

inline VariantWords variantWords(const Architecture& family) {
    VariantWords words;
    for (const std::string_view variant : family.variants) {
        const std::string task(variant.substr(variantSize(variant).size()));
        if (task.empty())
            words.sizes.emplace_back(variant);
        else if (std::ranges::find(words.tasks, task) == words.tasks.end())
            words.tasks.push_back(task);
    }
    return words;
}

}  // namespace qat
