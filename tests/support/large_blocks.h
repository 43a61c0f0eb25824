// Which large blocks of memory a piece of work takes: tensors, and all that comes from operator new.
#pragma once

#include <cstddef>
#include <vector>

namespace qat::test {

// Notes the sizes of blocks while it lives; one at a time. Programs that use it are linked with large_blocks.cpp, which
// replaces operator new; tensors come to it through PeakMemory.
class LargeBlocks {
public:
    // Of at least `least` bytes.
    explicit LargeBlocks(size_t least);
    ~LargeBlocks();
    LargeBlocks(const LargeBlocks&) = delete;
    LargeBlocks& operator=(const LargeBlocks&) = delete;

    std::vector<size_t> sizes() const;
    // Told of every block, whoever allocates it.
    static void note(size_t size) noexcept;
};

}  // namespace qat::test
