// UTC, so that run folders of several machines sort together.
#include "session/clock.h"

#include <ctime>

namespace qat {

std::string isoTime() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+00:00", &parts);
    return text;
}

}  // namespace qat
