// How much memory tensors take at once.
#pragma once

#include <c10/core/CPUAllocator.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "ops/libtorch_versions.h"

namespace qat::test {

// Counts the bytes of CPU tensors from its first use on, for the rest of the program.
class PeakMemory final : public VersionedAllocator {
public:
    // Forgets the peak: it is what is alive now.
    static void restart() {
        PeakMemory& memory = instance();
        memory.m_start = memory.m_alive.load();
        memory.m_peak = memory.m_alive.load();
    }
    // Bytes at the worst moment since restart(), above what was alive then.
    static int64_t bytes() { return instance().m_peak - instance().m_start; }
    // Told of the size of every tensor's block, if it is set.
    inline static void (*onBlock)(size_t) noexcept = nullptr;

    c10::DataPtr make(size_t size) const override {
        const c10::Device cpu(c10::DeviceType::CPU);
        if (size == 0) return {nullptr, nullptr, &release, cpu};
        if (onBlock) onBlock(size);
        auto* block = static_cast<char*>(std::aligned_alloc(kHeader, (size + 2 * kHeader - 1) / kHeader * kHeader));
        if (!block) throw std::bad_alloc();
        *reinterpret_cast<size_t*>(block) = size;
        const auto taken = static_cast<int64_t>(size), alive = m_alive.fetch_add(taken) + taken;
        for (int64_t peak = m_peak; peak < alive && !m_peak.compare_exchange_weak(peak, alive);) {
        }
        return {block + kHeader, block + kHeader, &release, cpu};
    }
    void copy(void* to, const void* from, size_t size) const override { std::memcpy(to, from, size); }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }

private:
    static constexpr size_t kHeader = 64;

    PeakMemory() { c10::SetCPUAllocator(this, /*priority=*/2); }
    static PeakMemory& instance() {
        static auto* const memory = new PeakMemory;  // tensors may outlive every static
        return *memory;
    }
    static void release(void* data) {
        if (!data) return;
        char* const block = static_cast<char*>(data) - kHeader;
        instance().m_alive -= static_cast<int64_t>(*reinterpret_cast<size_t*>(block));
        std::free(block);
    }

    mutable std::atomic<int64_t> m_alive{0}, m_peak{0};
    int64_t m_start = 0;
};

}  // namespace qat::test
