// Cooperative cancellation: polled once per batch and per layer by every stage.
#pragma once

#include <atomic>

#include "base/error.h"

namespace qat {

enum class StopLevel { Run = 0, FinishBatch = 1, Abandon = 2 };

// Set from any thread or from a signal handler; never reset.
class CancelToken {
public:
    void request(StopLevel level) noexcept {
        int current = m_level.load();
        while (current < static_cast<int>(level) && !m_level.compare_exchange_weak(current, static_cast<int>(level))) {
        }
    }
    StopLevel level() const noexcept { return static_cast<StopLevel>(m_level.load(std::memory_order_relaxed)); }
    bool requested() const noexcept { return level() != StopLevel::Run; }
    // Throws Error{Cancelled} once a stop has been requested.
    void poll() const { require(!requested(), ErrorKind::Cancelled, "stopped on request"); }

private:
    std::atomic<int> m_level{0};
    static_assert(std::atomic<int>::is_always_lock_free, "request() must be safe in a signal handler");
};

}  // namespace qat
