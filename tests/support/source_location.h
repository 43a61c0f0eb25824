// std::source_location for Clang before 15, which Debian 12 has and which lacks the builtin behind it. Included by
// force in builds for the fuzzer only.
#pragma once

#include <cstdint>

#if defined(__clang__) && __clang_major__ < 15
namespace std {
struct source_location {
    static constexpr source_location current(const char* file = __builtin_FILE(),
                                             const char* function = __builtin_FUNCTION(),
                                             uint_least32_t line = __builtin_LINE()) {
        source_location here;
        here.m_file = file, here.m_function = function, here.m_line = line;
        return here;
    }
    constexpr const char* file_name() const { return m_file; }
    constexpr const char* function_name() const { return m_function; }
    constexpr uint_least32_t line() const { return m_line; }

private:
    const char *m_file = "", *m_function = "";
    uint_least32_t m_line = 0;
};
}  // namespace std
#endif
