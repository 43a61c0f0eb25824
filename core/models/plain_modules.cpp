#include "models/plain_modules.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace qat {

Maps maxPool(const ModuleCall& c) {
    const int64_t kernel = c.whole(0, 2);
    return {c.b.pool(c.name, c.x(), PoolKind::Max, kernel, c.whole(1, kernel), c.whole(2, 0))};
}

Maps zeroPad(const ModuleCall& c) {
    std::vector<int64_t> sides = c.wholes(0);
    if (sides.empty()) sides.assign(4, c.whole(0, 0));
    const bool sound =
        sides.size() == 4 && std::ranges::all_of(sides, [](int64_t side) { return side >= 0 && side <= 64; });
    require(sound, ErrorKind::BadInput, c.name, ": it pads four sides by 0 to 64 places");
    const ValueId y = c.b.graph().add(c.name, Pad{{0, 0, sides[2], sides[0]}, {0, 0, sides[3], sides[1]}, 0}, {c.x()});
    c.b.setChannels(y, c.b.channels(c.x()), c.b.stride(c.x()));
    return {y};
}

Maps upsample(const ModuleCall& c) {
    const int64_t factor = c.whole(1, 2);
    const bool nearest = c.args.size() < 3 || c.args[2].text == "nearest";
    require(nearest && factor >= 1 && factor <= 16, ErrorKind::BadInput, c.name,
            ": only enlarging by whole factors to 16 with the nearest neighbour is known");
    return {c.b.resize(c.name, c.x(), factor)};
}

Maps identity(const ModuleCall& c) {
    return {c.x()};
}

Maps concat(const ModuleCall& c) {
    Maps parts;
    for (const Maps& source : c.in) parts.push_back(source.front());
    return {c.b.concat(c.name, parts)};
}

Maps cbLinear(const ModuleCall& c) {
    const std::vector<int64_t> sizes = c.wholes(0);
    require(!sizes.empty(), ErrorKind::BadInput, c.name, ": it names no channels");
    const int64_t all = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
    const ValueId y = c.b.convWithBias(c.name + ".conv", c.x(), all, 1, 0);
    return sizes.size() == 1 ? Maps{y} : c.b.split(c.name + ".split", y, sizes);
}

Maps cbFuse(const ModuleCall& c) {
    const std::vector<int64_t> chosen = c.wholes(0);
    require(chosen.size() + 1 == c.in.size(), ErrorKind::BadInput, c.name, ": it chooses ", chosen.size(), " maps of ",
            c.in.size() - 1, " sources");
    ValueId sum = c.in.back().front();
    for (size_t i = 0; i < chosen.size(); ++i) {
        const Maps& maps = c.in[i];
        require(chosen[i] >= 0 && chosen[i] < static_cast<int64_t>(maps.size()), ErrorKind::BadInput, c.name,
                ": source ", i, " has no map ", chosen[i]);
        ValueId map = maps[static_cast<size_t>(chosen[i])];
        const double factor = c.b.stride(map) / c.b.stride(sum);
        require(factor >= 1 && factor == std::floor(factor), ErrorKind::BadInput, c.name, ": source ", i,
                " is finer than the last");
        if (factor > 1) map = c.b.resize(str(c.name, ".resize.", i), map, static_cast<int64_t>(factor));
        sum = c.b.add(str(c.name, ".add.", i), map, sum);
    }
    return {sum};
}

}  // namespace qat
