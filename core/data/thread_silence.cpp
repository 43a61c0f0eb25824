// std::cerr's buffer is replaced once, before main, by one that passes on what threads write that are not silenced.
#include "data/thread_silence.h"

#include <iostream>
#include <streambuf>

namespace qat {
namespace {

thread_local int t_silences = 0;

class Gate final : public std::streambuf {
public:
    explicit Gate(std::streambuf* behind) : m_behind(behind) {}

private:
    int overflow(int c) override {
        if (t_silences > 0 || c == traits_type::eof()) return traits_type::not_eof(c);
        return m_behind->sputc(static_cast<char>(c));
    }
    std::streamsize xsputn(const char* text, std::streamsize count) override {
        return t_silences > 0 ? count : m_behind->sputn(text, count);
    }
    int sync() override { return t_silences > 0 ? 0 : m_behind->pubsync(); }

    std::streambuf* m_behind;
};

// Never destroyed: std::cerr is used to the very end.
[[maybe_unused]] const auto* const kReplaced = std::cerr.rdbuf(new Gate(std::cerr.rdbuf()));

}  // namespace

ThreadSilence::ThreadSilence() {
    ++t_silences;
}
ThreadSilence::~ThreadSilence() {
    --t_silences;
}

}  // namespace qat
