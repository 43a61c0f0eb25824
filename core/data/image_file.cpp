// Decoding with OpenCV after the header has been checked.
#include "data/image_file.h"

#include <algorithm>
#include <array>
#include <opencv2/imgcodecs.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "data/captured_errors.h"
#include "data/image_header.h"

namespace qat {
namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 27;
constexpr uintmax_t kMaxFileBytes = uintmax_t{1} << 30;
constexpr std::string_view kJpegEnd = "\xFF\xD9";

// Opening anything but a regular file could block for ever.
void requirePicture(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    require(fs::status_known(status), ErrorKind::BadInput, "cannot open ", path.string(), ": ", error.message());
    require(fs::is_regular_file(status), ErrorKind::BadInput, "no picture at ", path.string());
}

// Nothing is looked for in what is too large anyway.
std::optional<ImageHeader> headerOf(const PictureBytes& bytes) {
    return bytes.size() > kMaxFileBytes ? std::nullopt : readImageHeader(bytes);
}

// What is wrong with the header; empty if nothing is.
std::string headerProblem(const fs::path& path, const PictureBytes& bytes, const std::optional<ImageHeader>& header) {
    if (bytes.size() == 0) return str(path.string(), " is empty");
    if (bytes.size() > kMaxFileBytes) return str(path.string(), " is too large for a picture");
    if (!header) {
        const std::string other = foreignFormat(bytes);
        return other.empty() ? str(path.string(), " is not a picture that can be read")
                             : str(path.string(), " is ", other, ", which is not read (JPEG, PNG, BMP, WebP, TIFF and PFM are)");
    }
    const auto [format, width, height, complete, room] = *header;
    if (width <= 0 || height <= 0) return str(path.string(), " is a picture without pixels");
    if (height > kMaxPixels / width) return str(path.string(), " has ", width, " x ", height, " pixels, more than this program reads");
    if (room > kMaxPixels) return str(path.string(), " has tiles of ", room, " pixels, more than this program reads");
    if (!complete && format != ImageFormat::Jpeg) return str(path.string(), " is cut short");
    return "";
}

// Bytes are missing or wrong; what else the codecs remark, such as an unknown colour profile, changes no pixel.
bool tellsOfDamage(const std::string& said) { return said.find("Corrupt JPEG data") != std::string::npos && said.find("ICC") == std::string::npos; }

PictureReading decode(const fs::path& path, std::string& bytes) {
    const PictureBytes view(std::as_bytes(std::span(std::as_const(bytes))));
    const std::optional<ImageHeader> header = headerOf(view);
    if (std::string problem = headerProblem(path, view, header); !problem.empty()) return {{}, std::move(problem)};
    // Without its end marker OpenCV leaves out the last rows, with it libjpeg tells whether anything else is missing.
    if (!header->complete) bytes += kJpegEnd;
    const CapturedErrors said;
    cv::Mat image;
    try {
        image = cv::imdecode(cv::Mat(1, static_cast<int>(bytes.size()), CV_8UC1, bytes.data()), cv::IMREAD_COLOR);
    } catch (const cv::Exception&) {
        image.release();
    }
    if (!header->complete && (image.empty() || tellsOfDamage(said.text()))) return {{}, str(path.string(), " is cut short")};
    if (image.empty()) return {{}, str(path.string(), " is damaged and cannot be read")};
    if (tellsOfDamage(said.text())) return {image, str(path.string(), " is damaged, and what could be read of it is used")};
    return {image, ""};
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
        if (const PictureBytes head(path); head.size() > kMaxFileBytes) return {{}, headerProblem(path, head, {})};
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
