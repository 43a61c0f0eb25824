// OpenCV writes what went wrong to std::cerr, libtiff through handlers of the whole process.
#include "data/decode_other.h"

#include <tiffio.h>

#include <cstdarg>
#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include "data/thread_silence.h"

namespace qat {
namespace {

thread_local bool t_tiffFailed = false;

// libtiff goes on after most errors, with what it has.
void noteTiffError(const char*, const char*, va_list) {
    t_tiffFailed = true;
}

// OpenCV installs its own handlers when it first decodes anything.
void takeHandlers() {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::imdecode(blackPicture(1, 16, CV_8UC1), cv::IMREAD_COLOR);
    TIFFSetErrorHandler(noteTiffError);
    TIFFSetWarningHandler(nullptr);
}

cv::Mat decode(std::span<const std::byte> file, int how) {
    const ThreadSilence silence;
    try {
        const cv::Mat raw(1, static_cast<int>(file.size()), CV_8UC1, const_cast<std::byte*>(file.data()));
        return cv::imdecode(raw, how);
    } catch (const cv::Exception&) {
        return {};
    }
}

// A number that is none would become a black pixel.
bool hasUnusableNumbers(std::span<const std::byte> file) {
    const cv::Mat samples = decode(file, cv::IMREAD_UNCHANGED);
    return !samples.empty() && !cv::checkRange(samples);
}

}  // namespace

Decoded decodeOther(std::span<const std::byte> file, const ImageHeader& header) {
    static std::once_flag taken;
    std::call_once(taken, takeHandlers);
    t_tiffFailed = false;
    Decoded result;
    if (header.floating && hasUnusableNumbers(file)) {
        result.why = " has samples that are not finite numbers";
        return result;
    }
    result.image = decode(file, cv::IMREAD_COLOR);
    result.damaged = t_tiffFailed;
    return result;
}

}  // namespace qat
