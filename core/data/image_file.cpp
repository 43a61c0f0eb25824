// Format and size are settled before a decoder sees the file.
#include "data/image_file.h"

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>
#include <span>
#include <string_view>
#include <tuple>

#include "base/error.h"
#include "data/decode_other.h"
#include "data/decode_png.h"
#include "data/image_header.h"

namespace qat {
namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 27;
constexpr uintmax_t kMaxPictureBytes = uintmax_t{1} << 30;

// Opening anything but a regular file could block for ever.
void requirePicture(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    require(fs::status_known(status), ErrorKind::BadInput, "cannot open ", path.string(), ": ", error.message());
    require(fs::is_regular_file(status), ErrorKind::BadInput, "no picture at ", path.string());
}

// Nothing is looked for in what is too large anyway.
std::optional<ImageHeader> headerOf(const PictureBytes& bytes) {
    return bytes.size() > kMaxPictureBytes ? std::nullopt : readImageHeader(bytes);
}

// These store pixels in a stream that says when it is over, whatever follows.
bool mayLackItsEnd(ImageFormat format) {
    return format == ImageFormat::Jpeg || format == ImageFormat::Png;
}

// What is wrong with the header; empty if nothing is.
std::string headerProblem(const fs::path& path, const PictureBytes& bytes, const std::optional<ImageHeader>& header) {
    if (bytes.size() == 0) return str(path.string(), " is empty");
    if (bytes.size() > kMaxPictureBytes) return str(path.string(), " is too large for a picture");
    if (!header) {
        const std::string other = foreignFormat(bytes);
        return other.empty()
                   ? str(path.string(), " is not a picture that can be read")
                   : str(path.string(), " is ", other, ", which is not read (JPEG, PNG, BMP, WebP, TIFF and PFM are)");
    }
    const auto [width, height, room] = std::tuple(header->width, header->height, header->room);
    if (width <= 0 || height <= 0) return str(path.string(), " is a picture without pixels");
    if (height > kMaxPixels / width)
        return str(path.string(), " has ", width, " x ", height, " pixels, more than this program reads");
    if (room > kMaxPixels) return str(path.string(), " has tiles of ", room, " pixels, more than this program reads");
    if (!header->complete && !mayLackItsEnd(header->format)) return str(path.string(), " is cut short");
    return "";
}

// As EXIF counts: from 5 on rows and columns change places, then each is turned and mirrored.
cv::Mat upright(const cv::Mat& stored, int orientation) {
    constexpr int kNone = 2;
    constexpr std::array kFlips{kNone, 1, -1, 0};  // of cv::flip
    cv::Mat image = stored;
    if (orientation >= 5) cv::transpose(stored, image);
    if (const int flip = kFlips[static_cast<size_t>(orientation - 1) % 4]; flip != kNone) cv::flip(image, image, flip);
    return image;
}

Decoded decodeAs(std::span<const std::byte> bytes, const ImageHeader& header) {
    if (!mayLackItsEnd(header.format)) return decodeOther(bytes, header);
    Decoded result = header.format == ImageFormat::Jpeg ? decodeJpeg(bytes, header) : decodePng(bytes, header);
    if (!result.image.empty()) result.image = upright(result.image, header.orientation);
    return result;
}

PictureReading decode(const fs::path& path, const std::string& bytes) {
    const std::span<const std::byte> content = std::as_bytes(std::span(bytes));
    const PictureBytes view(content);
    const std::optional<ImageHeader> header = headerOf(view);
    if (std::string problem = headerProblem(path, view, header); !problem.empty()) return {{}, std::move(problem)};
    const Decoded decoded = decodeAs(content, *header);
    if (decoded.image.empty() && *decoded.why != '\0') return {{}, path.string() + decoded.why};
    if (decoded.image.empty())
        return {{}, path.string() + (header->complete ? " is damaged and cannot be read" : " is cut short")};
    return {decoded.image, decoded.damaged ? str(path.string(), " is damaged, and not all of it can be read") : ""};
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

std::string pictureProblem(const fs::path& path) {
    try {
        requirePicture(path);
        std::optional<ImageHeader> header;
        {
            const PictureBytes bytes(path);
            header = headerOf(bytes);
            if (std::string problem = headerProblem(path, bytes, header); !problem.empty()) return problem;
        }
        const PictureReading reading = header->complete ? PictureReading{} : readPicture(path);
        return reading.image.empty() ? reading.problem : "";
    } catch (const Error& error) {
        return error.what();
    }
}

PictureReading readPicture(const fs::path& path) {
    requirePicture(path);
    std::string bytes;
    try {
        {
            const PictureBytes head(path);  // a bomb or a huge file is refused before it is read
            if (std::string problem = headerProblem(path, head, headerOf(head)); !problem.empty())
                return {{}, std::move(problem)};
        }
        bytes = readFile(path);
    } catch (const Error& error) {
        fail(ErrorKind::BadInput, error.what());
    }
    return decode(path, bytes);
}

cv::Mat readImage(const fs::path& path) {
    PictureReading reading = readPicture(path);
    require(!reading.image.empty(), ErrorKind::BadInput, reading.problem);
    return std::move(reading.image);
}

cv::Size readImageSize(const fs::path& path) {
    requirePicture(path);
    try {
        const PictureBytes bytes(path);
        const std::optional<ImageHeader> header = headerOf(bytes);
        const std::string problem = headerProblem(path, bytes, header);
        require(problem.empty(), ErrorKind::BadInput, problem);
        return {static_cast<int>(header->width), static_cast<int>(header->height)};
    } catch (const Error& error) {
        fail(ErrorKind::BadInput, error.what());
    }
}

}  // namespace qat
