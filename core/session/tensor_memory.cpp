// An allocator that aligns within a block of its own, whose size depends on the tensor's alone.
#include "session/tensor_memory.h"

#include <c10/core/CPUAllocator.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "ops/libtorch_versions.h"

namespace qat {
namespace {

constexpr size_t kAlignment = 64;  // a cache line, and what libtorch's kernels expect

// The block stands before what is handed out.
void release(void* memory) {
    if (memory) std::free(static_cast<void**>(memory)[-1]);
}

struct TensorMemory final : VersionedAllocator {
    c10::DataPtr make(size_t bytes) const override {
        const c10::Device cpu(c10::DeviceType::CPU);
        if (bytes == 0) return {nullptr, nullptr, &release, cpu};
        void* const block = bytes < SIZE_MAX - 2 * kAlignment ? std::malloc(bytes + 2 * kAlignment) : nullptr;
        require(block != nullptr, ErrorKind::BadInput, "not enough memory for a tensor of ", bytes, " bytes");
        const auto address = (reinterpret_cast<uintptr_t>(block) + 2 * kAlignment - 1) / kAlignment * kAlignment;
        void* const memory = reinterpret_cast<void*>(address);
        static_cast<void**>(memory)[-1] = block;
        return {memory, memory, &release, cpu};
    }
    void copy(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
};

}  // namespace

void reuseTensorMemory() {
    static TensorMemory memory;
    c10::SetCPUAllocator(&memory, /*priority=*/1);
}

}  // namespace qat
