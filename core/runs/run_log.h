// The log of a run, bounded.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>

#include "base/events.h"

namespace qat {

struct LogLine {
    double t = 0;          // run time, seconds
    double inSitting = 0;  // seconds since its sitting began
    size_t sitting = 0;    // index in RunRecord::sittings; beyond its end: written before any
    LogLevel level = LogLevel::Info;
    std::string source, text;
};

// Newest lines; older ones are dropped and counted, so that an endless run keeps a bounded log.
struct RunLog {
    static constexpr size_t kCapacity = 50000, kUnbounded = std::numeric_limits<size_t>::max();
    std::deque<LogLine> lines;
    int64_t dropped = 0;
    size_t capacity = kCapacity;

    void add(LogLine line) {
        if (lines.size() >= capacity) {
            lines.pop_front();
            ++dropped;
        }
        lines.push_back(std::move(line));
    }
};

}  // namespace qat
