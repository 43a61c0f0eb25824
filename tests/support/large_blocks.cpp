// Sizes are noted in a table of fixed size: whoever counts blocks must not allocate any.
#include "support/large_blocks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

constexpr size_t kMostNoted = 4096;
std::array<size_t, kMostNoted> noted;
std::atomic<size_t> notedCount{0}, leastSize{SIZE_MAX};

}  // namespace

namespace qat::test {

LargeBlocks::LargeBlocks(size_t least) {
    notedCount = 0;
    leastSize = least;
}

LargeBlocks::~LargeBlocks() {
    leastSize = SIZE_MAX;
}

std::vector<size_t> LargeBlocks::sizes() const {
    const size_t count = std::min(notedCount.load(), kMostNoted);
    return {noted.begin(), noted.begin() + static_cast<ptrdiff_t>(count)};
}

void LargeBlocks::note(size_t size) noexcept {
    if (size < leastSize.load(std::memory_order_relaxed)) return;
    if (const size_t at = notedCount++; at < kMostNoted) noted[at] = size;
}

}  // namespace qat::test

void* operator new(size_t size) {
    qat::test::LargeBlocks::note(size);
    if (void* const block = std::malloc(std::max<size_t>(size, 1))) return block;
    throw std::bad_alloc();
}

void operator delete(void* block) noexcept {
    std::free(block);
}

void operator delete(void* block, size_t) noexcept {
    std::free(block);
}
