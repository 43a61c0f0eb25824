// Streams that ask a thread's own variable where their text goes.
#include "data/captured_errors.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <streambuf>

namespace qat {
namespace {

constexpr size_t kMostText = 4096;

thread_local std::string* t_catcher = nullptr;

bool isCaught(const char* text, size_t size) {
    if (!t_catcher) return false;
    t_catcher->append(text, std::min(size, kMostText - t_catcher->size()));
    return true;
}

ssize_t writeForStdio(void* stream, const char* text, size_t size) {
    if (isCaught(text, size)) return static_cast<ssize_t>(size);
    return static_cast<ssize_t>(std::fwrite(text, 1, size, static_cast<std::FILE*>(stream)));
}

class CatchingBuffer final : public std::streambuf {
public:
    explicit CatchingBuffer(std::streambuf* next) : m_next(next) {}

protected:
    int_type overflow(int_type c) override {
        if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
        const char byte = traits_type::to_char_type(c);
        return isCaught(&byte, 1) ? c : m_next->sputc(byte);
    }
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        return isCaught(text, static_cast<size_t>(size)) ? size : m_next->sputn(text, size);
    }
    int sync() override { return m_next->pubsync(); }

private:
    std::streambuf* m_next;
};

// stderr is a variable in the GNU C library. Neither object is ever destroyed: both are in use until the process ends.
void install() {
    if (std::FILE* const stream = ::fopencookie(stderr, "w", {.read = nullptr, .write = writeForStdio, .seek = nullptr, .close = nullptr})) {
        std::setvbuf(stream, nullptr, _IONBF, 0);
        stderr = stream;
    }
    std::cerr.rdbuf(new CatchingBuffer(std::cerr.rdbuf()));
}

}  // namespace

CapturedErrors::CapturedErrors() {
    static std::once_flag once;
    std::call_once(once, install);
    m_outer = std::exchange(t_catcher, &m_text);
}

CapturedErrors::~CapturedErrors() { t_catcher = m_outer; }

}  // namespace qat
