// The heap under tensors that come and go.
#include "session/tensor_memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <vector>

#include "session/process.h"

namespace qat {
namespace {

TEST(TensorMemory, WhatOneStepGivesBackTheNextTakes) {
    prepareProcess();
    constexpr int64_t kFloats = 1 << 20;
    std::vector<at::Tensor> small;  // stay, and keep freed blocks from growing together
    const auto step = [&] {
        const at::Tensor large = at::empty({kFloats}), larger = at::empty({2 * kFloats});
        small.push_back(at::empty({100}));
    };
    for (int i = 0; i < 3; ++i) step();
    const size_t before = mallinfo2().arena;
    for (int i = 0; i < 50; ++i) step();
    EXPECT_LE(mallinfo2().arena, before + 4 * kFloats) << "less than one of the hundred blocks";
}

TEST(TensorMemory, IsAlignedForVectorsAndMayBeEmpty) {
    prepareProcess();
    for (int64_t size = 1; size < 300; ++size)
        EXPECT_EQ(reinterpret_cast<uintptr_t>(at::empty({size}, at::kByte).data_ptr()) % 64, 0u) << size;
    EXPECT_EQ(at::empty({0}).numel(), 0);
}

}  // namespace
}  // namespace qat
