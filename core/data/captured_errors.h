// What libraries print on standard error, caught for those who decode foreign files.
#pragma once

#include <string>

namespace qat {

// While it lives, what this thread prints on stderr and std::cerr is kept here; other threads print as ever. libjpeg and
// libpng print through stderr, OpenCV through std::cerr, none of them with the file's name. The first one puts a stream
// of ours in the place of both, once and for good: it hands on what nobody catches, unbuffered as before.
class CapturedErrors {
public:
    CapturedErrors();
    ~CapturedErrors();
    CapturedErrors(const CapturedErrors&) = delete;
    CapturedErrors& operator=(const CapturedErrors&) = delete;
    // At most the first 4 kB.
    const std::string& text() const { return m_text; }

private:
    std::string m_text;
    std::string* m_outer;
};

}  // namespace qat
