// Headers of pictures, and what other files are told apart.
#include "data/image_header.h"

#include <opencv2/imgcodecs.hpp>
#include <span>

#include "fuzz/target.h"

namespace qat::test {
namespace {

std::string encoded(const char* ending, int type) {
    const cv::Mat image(5, 7, type, cv::Scalar::all(1));
    std::vector<uchar> bytes;
    require(cv::imencode(ending, image, bytes), ErrorKind::Internal, "OpenCV writes no ", ending);
    return {bytes.begin(), bytes.end()};
}

// A JPEG file whose EXIF says that rows are columns.
std::string turnedJpeg() {
    const std::string exif(
        "\xFF\xE1\0\x22"
        "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
        36);
    const std::string jpeg = encoded(".jpg", CV_8UC3);
    return jpeg.substr(0, 2) + exif + jpeg.substr(2);
}

std::string problemOfHeader(const ImageHeader& header) {
    if (header.width < 0 || header.height < 0 || header.room < 0) return "a size is negative";
    return header.orientation >= 1 && header.orientation <= 8 ? "" : "there is no such orientation";
}

}  // namespace

FuzzVerdict judgeImageHeader(const std::string& bytes) {
    bool isPicture = false;
    FuzzVerdict verdict = verdictOn([&] {
        const PictureBytes file(std::as_bytes(std::span(bytes)));
        const std::optional<ImageHeader> header = readImageHeader(file);
        isPicture = header.has_value();
        return header ? problemOfHeader(*header) : foreignFormat(file).size() < 100 ? "" : "a format has a long name";
    });
    verdict.read = verdict.read && isPicture;
    return verdict;
}

std::vector<std::string> imageHeaderSeeds() {
    std::vector<std::string> seeds{turnedJpeg(), encoded(".pfm", CV_32FC3), encoded(".tiff", CV_32FC1),
                                   "GIF89a\1\0\1\0"};
    for (const char* ending : {".jpg", ".png", ".bmp", ".webp", ".tiff"}) seeds.push_back(encoded(ending, CV_8UC3));
    return seeds;
}

}  // namespace qat::test
