// A layer list for made-up run folders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qat::test {

struct FakeLayer {
    std::string name;
    std::vector<int64_t> weightShape, outputShape;
    int64_t parameters = 0, macs = 0;
    double drop = 0, sqnr4 = 0, sqnr8 = 0;
};

const std::vector<FakeLayer>& fakeLayers();

}  // namespace qat::test
