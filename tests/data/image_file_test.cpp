// Picture files: sizes from headers agree with decoding, and damaged files end in a sentence.
#include "data/image_file.h"

#include <sys/stat.h>

#include <opencv2/imgcodecs.hpp>

#include "data/image_header.h"
#include "fixtures.h"
#include "support/assets.h"

namespace qat {
namespace {

class ImageFileTest : public testing::Test {
protected:
    fs::path write(const std::string& name, int width = 37, int height = 21) {
        const fs::path path = m_folder.path() / name;
        cv::Mat3b image(height, width);
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) image(y, x) = cv::Vec3b(uint8_t(x * 5), uint8_t(y * 9), 90);
        EXPECT_TRUE(cv::imwrite(path.string(), image));
        return path;
    }
    fs::path writeBytes(const std::string& name, std::string_view bytes) {
        test::writeText(m_folder.path() / name, bytes);
        return m_folder.path() / name;
    }
    void expectBad(const fs::path& path) {
        test::expectError(ErrorKind::BadInput, {path.string()}, [&] { readImage(path); });
    }
    test::ScratchFolder m_folder;
};

// An EXIF segment that holds nothing but the orientation.
std::string exifTiff(int orientation, bool bigEndian) {
    std::string tiff = bigEndian ? std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19)
                                 : std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18);
    tiff += static_cast<char>(orientation);
    return tiff + (bigEndian ? std::string(6, '\0') : std::string(7, '\0'));
}

std::string withExif(const std::string& jpeg, int orientation, bool bigEndian) {
    const std::string body = std::string("Exif\0\0", 6) + exifTiff(orientation, bigEndian);
    std::string segment = "\xFF\xE1";
    segment += static_cast<char>((body.size() + 2) >> 8);
    segment += static_cast<char>((body.size() + 2) & 255);
    return jpeg.substr(0, 2) + segment + body + jpeg.substr(2);
}

TEST_F(ImageFileTest, HeaderAgreesWithDecoding) {
    for (const char* name : {"a.jpg", "a.png", "a.bmp", "a.webp", "a.tiff", "b.PNG"}) {
        const fs::path path = write(name);
        EXPECT_TRUE(isImagePath(path));
        EXPECT_EQ(readImageSize(path), cv::Size(37, 21)) << name;
        const cv::Mat image = readImage(path);
        EXPECT_EQ(image.size(), cv::Size(37, 21)) << name;
        EXPECT_EQ(image.type(), CV_8UC3) << name;
        const std::string bytes = readFile(path);
        EXPECT_EQ(readImageHeader(std::as_bytes(std::span(std::as_const(bytes)))).has_value(),
                  std::string(name) != "a.tiff");
    }
    EXPECT_FALSE(isImagePath("a.txt"));
    EXPECT_FALSE(isImagePath("jpg"));
}

TEST_F(ImageFileTest, OrientationTagTurnsPictureAndSize) {
    const std::string jpeg = readFile(write("plain.jpg"));
    for (int orientation = 1; orientation <= 8; ++orientation)
        for (const bool bigEndian : {false, true}) {
            const fs::path path = writeBytes("turned.jpg", withExif(jpeg, orientation, bigEndian));
            const cv::Size expected = orientation >= 5 ? cv::Size(21, 37) : cv::Size(37, 21);
            EXPECT_EQ(readImageSize(path), expected) << orientation;
            EXPECT_EQ(readImage(path).size(), expected) << orientation;
        }
}

TEST_F(ImageFileTest, GreyBecomesThreeChannels) {
    const fs::path path = m_folder.path() / "grey.png";
    ASSERT_TRUE(cv::imwrite(path.string(), cv::Mat(4, 5, CV_8UC1, cv::Scalar(77))));
    const cv::Mat image = readImage(path);
    ASSERT_EQ(image.type(), CV_8UC3);
    EXPECT_EQ(image.at<cv::Vec3b>(3, 4), cv::Vec3b(77, 77, 77));
}

TEST_F(ImageFileTest, DamagedFilesAreNamed) {
    expectBad(m_folder.path() / "missing.jpg");
    expectBad(m_folder.path());
    expectBad(writeBytes("empty.jpg", ""));
    expectBad(writeBytes("text.jpg", "this is no picture"));
    for (const char* name : {"a.jpg", "a.png", "a.webp"}) {
        const std::string bytes = readFile(write(name));
        for (const size_t part : {1, 3, 9}) expectBad(writeBytes(name, bytes.substr(0, bytes.size() * part / 10)));
    }
    std::string huge = readFile(write("huge.png"));
    huge.replace(16, 8, std::string("\x00\x01\x00\x00\x00\x01\x00\x00", 8));
    expectBad(writeBytes("huge.png", huge));
    huge.replace(16, 8, std::string(8, '\0'));
    expectBad(writeBytes("none.png", huge));
    test::expectError(ErrorKind::BadInput, {"without pixels"}, [&] { readImageSize(m_folder.path() / "none.png"); });
}

TEST_F(ImageFileTest, PipeDoesNotBlock) {
    const fs::path pipe = m_folder.path() / "pipe.jpg";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    expectBad(pipe);
}

// Any prefix and any changed byte: an answer or none, never a crash or an endless walk.
TEST_F(ImageFileTest, HeaderReaderSurvivesDamage) {
    for (const char* name : {"a.jpg", "a.png", "a.bmp", "a.webp"}) {
        std::string bytes = readFile(write(name));
        if (std::string(name) == "a.jpg") bytes = withExif(bytes, 6, true);
        bytes.resize(std::min<size_t>(bytes.size(), 700));
        int answers = 0;
        for (size_t i = 0; i < bytes.size(); ++i) {
            answers += readImageHeader(std::as_bytes(std::span(bytes).first(i))).has_value();
            std::string changed = bytes;
            changed[i] = static_cast<char>(changed[i] ^ 0xFF);
            answers += readImageHeader(std::as_bytes(std::span(changed))).has_value();
        }
        EXPECT_GT(answers, 0) << name;
    }
}

}  // namespace
}  // namespace qat
