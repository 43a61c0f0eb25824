// Decoding with OpenCV after the header has been checked.
#include "data/image_file.h"

#include <algorithm>
#include <array>
#include <opencv2/imgcodecs.hpp>
#include <string_view>

#include "base/error.h"
#include "data/image_header.h"

namespace qat {
namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 27;
constexpr uintmax_t kMaxFileBytes = uintmax_t{1} << 30;

// Opening anything but a regular file could block for ever.
void requirePicture(const fs::path& path) {
    std::error_code error;
    require(fs::is_regular_file(path, error), ErrorKind::BadInput, "no picture at ", path.string());
    require(fs::file_size(path, error) <= kMaxFileBytes && !error, ErrorKind::BadInput, path.string(),
            " is too large for a picture");
}

void requireSize(const fs::path& path, int64_t width, int64_t height) {
    require(width > 0 && height > 0, ErrorKind::BadInput, path.string(), " is a picture without pixels");
    require(height <= kMaxPixels / width, ErrorKind::BadInput, path.string(), " has ", width, " x ", height,
            " pixels, more than this program reads");
}

cv::Mat decode(const fs::path& path, std::string& bytes) {
    const auto header = readImageHeader(std::as_bytes(std::span(bytes)));
    if (header) requireSize(path, header->width, header->height);
    require(!header || header->complete, ErrorKind::BadInput, path.string(), " is cut short");
    cv::Mat image;
    try {
        const cv::Mat raw(1, static_cast<int>(bytes.size()), CV_8UC1, bytes.data());
        if (!bytes.empty()) image = cv::imdecode(raw, cv::IMREAD_COLOR);
    } catch (const cv::Exception&) {
        image.release();
    }
    require(!image.empty(), ErrorKind::BadInput, path.string(), " is not a picture that can be read");
    requireSize(path, image.cols, image.rows);
    return image;
}

}  // namespace

bool isImagePath(const fs::path& path) {
    constexpr std::array<std::string_view, 10> kEndings{".bmp", ".dng", ".jpeg", ".jpg",  ".mpo",
                                                        ".png", ".tif", ".tiff", ".webp", ".pfm"};
    std::string ending = path.extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

cv::Mat readImage(const fs::path& path) {
    requirePicture(path);
    std::string bytes;
    try {
        bytes = readFile(path);
    } catch (const Error& error) {
        fail(ErrorKind::BadInput, error.what());
    }
    return decode(path, bytes);
}

cv::Size readImageSize(const fs::path& path) {
    requirePicture(path);
    try {
        const FileBytes file(path);
        if (const auto header = readImageHeader(file.bytes())) {
            requireSize(path, header->width, header->height);
            return {header->width, header->height};
        }
    } catch (const Error& error) {
        fail(ErrorKind::BadInput, error.what());
    }
    return readImage(path).size();
}

}  // namespace qat
