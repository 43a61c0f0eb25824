// Wall time as text, and a stop watch.
#pragma once

#include <chrono>
#include <string>

namespace qat {

// 2026-11-21T10:00:00+00:00
std::string isoTime();

class StopWatch {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count(); }

private:
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

}  // namespace qat
