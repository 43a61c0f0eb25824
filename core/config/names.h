// Finding the name that was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qat {

// The candidate nearest to `name` by edit distance (swapped neighbours count once), "" if none is near enough to be a
// slip of the keyboard.
std::string closestName(std::string_view name, const std::vector<std::string>& candidates);

// " (did you mean x?)" for a key that does not exist below `section`, found among its neighbours or, by its last
// part, elsewhere in the same table; " (it is x now)" for one that has moved; "" if nothing is near.
std::string suggestionFor(std::string_view section, std::string_view name);

}  // namespace qat
