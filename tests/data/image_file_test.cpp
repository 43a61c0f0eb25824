// Picture files: sizes from headers agree with decoding, and damaged files end in a sentence.
#include "data/image_file.h"

#include <sys/stat.h>

#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "base/random.h"
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
        std::ofstream(m_folder.path() / name, std::ios::binary)
            << bytes;  // a thousand of them, none worth a flush to the disk
        return m_folder.path() / name;
    }
    void expectBad(const fs::path& path) {
        test::expectError(ErrorKind::BadInput, {path.string()}, [&] { readImage(path); });
    }
    test::ScratchFolder m_folder;
};

std::optional<ImageHeader> headerOf(std::string_view bytes) {
    return readImageHeader(PictureBytes(std::as_bytes(std::span(bytes))));
}

// An EXIF segment that holds nothing but the orientation.
std::string exifTiff(int orientation, bool bigEndian) {
    std::string tiff = bigEndian ? std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19)
                                 : std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18);
    tiff += static_cast<char>(orientation);
    return tiff + (bigEndian ? std::string(6, '\0') : std::string(7, '\0'));
}

// Of a small-endian TIFF file: the entry `tag` becomes `other` with one value.
std::string withTiffTag(std::string tiff, int tag, int other, int value) {
    const auto number = [&](size_t at, int count) {
        size_t sum = 0;
        for (int i = 0; i < count; ++i) sum |= size_t{static_cast<uint8_t>(tiff[at + static_cast<size_t>(i)])} << 8 * i;
        return sum;
    };
    const size_t directory = number(4, 4);
    for (size_t entry = directory + 2; entry < directory + 2 + 12 * number(directory, 2); entry += 12) {
        if (number(entry, 2) != static_cast<size_t>(tag)) continue;
        const std::string made{static_cast<char>(other & 255), static_cast<char>(other >> 8), 4, 0, 1, 0, 0, 0};
        tiff.replace(entry, 8, made);
        for (size_t i = 0; i < 4; ++i) tiff[entry + 8 + i] = static_cast<char>(value >> 8 * i);
    }
    return tiff;
}

std::string withExif(const std::string& jpeg, int orientation, bool bigEndian) {
    const std::string body = std::string("Exif\0\0", 6) + exifTiff(orientation, bigEndian);
    std::string segment = "\xFF\xE1";
    segment += static_cast<char>((body.size() + 2) >> 8);
    segment += static_cast<char>((body.size() + 2) & 255);
    return jpeg.substr(0, 2) + segment + body + jpeg.substr(2);
}

TEST_F(ImageFileTest, HeaderAgreesWithDecoding) {
    for (const char* name : {"a.jpg", "a.png", "a.bmp", "a.webp", "a.tiff", "b.PNG", "a.mpo"}) {
        if (std::string(name) == "a.mpo")
            fs::copy_file(m_folder.path() / "a.jpg", m_folder.path() / name);
        else
            write(name);
        const fs::path path = m_folder.path() / name;
        EXPECT_TRUE(isImagePath(path));
        EXPECT_EQ(pictureProblem(path), "");
        EXPECT_EQ(readImageSize(path), cv::Size(37, 21)) << name;
        const cv::Mat image = readImage(path);
        EXPECT_EQ(image.size(), cv::Size(37, 21)) << name;
        EXPECT_EQ(image.type(), CV_8UC3) << name;
    }
    cv::Mat3f floats(6, 9, cv::Vec3f(.1f, .5f, 1));
    ASSERT_TRUE(cv::imwrite((m_folder.path() / "a.pfm").string(), floats));
    EXPECT_EQ(readImageSize(m_folder.path() / "a.pfm"), cv::Size(9, 6));
    EXPECT_EQ(readImage(m_folder.path() / "a.pfm").size(), cv::Size(9, 6));
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

// The rows of a strip, of which there is one, give their place to the orientation.
TEST_F(ImageFileTest, OrientationOfTiffTurnsPictureAndSize) {
    const std::string tiff = readFile(write("plain.tiff"));
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const fs::path path = writeBytes("turned.tiff", withTiffTag(tiff, 278, 274, orientation));
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
    for (const char* name : {"a.jpg", "a.png", "a.webp", "a.bmp", "a.tiff"}) {
        const std::string bytes = readFile(write(name));
        for (const size_t part : {1, 3, 9}) {
            expectBad(writeBytes(name, bytes.substr(0, bytes.size() * part / 10)));
            EXPECT_NE(pictureProblem(m_folder.path() / name), "")
                << name << " is known before it is decoded, part " << part;
        }
    }
    std::string huge = readFile(write("huge.png"));
    huge.replace(16, 8, std::string("\x00\x01\x00\x00\x00\x01\x00\x00", 8));
    expectBad(writeBytes("huge.png", huge));
    huge.replace(16, 8, std::string(8, '\0'));
    expectBad(writeBytes("none.png", huge));
    test::expectError(ErrorKind::BadInput, {"without pixels"}, [&] { readImageSize(m_folder.path() / "none.png"); });
}

TEST_F(ImageFileTest, OnlyTheEndMarkerIsMissing) {
    const fs::path path = write("a.jpg", 160, 120);
    const std::string bytes = readFile(path);
    const cv::Mat whole = readImage(path);
    for (const size_t missing : {1, 2}) {
        writeBytes("a.jpg", bytes.substr(0, bytes.size() - missing));
        EXPECT_EQ(pictureProblem(path), "");
        const PictureReading reading = readPicture(path);
        EXPECT_EQ(reading.problem, "");
        EXPECT_EQ(cv::norm(reading.image, whole, cv::NORM_INF), 0) << "down to the last row";
    }
    for (const char filling : {'\0', 'x'}) {
        writeBytes("a.jpg", bytes + std::string(70'000, filling));
        EXPECT_EQ(pictureProblem(path), "") << "what follows the marker takes nothing away";
        EXPECT_EQ(readPicture(path).problem, "");
        EXPECT_EQ(cv::norm(readImage(path), whole, cv::NORM_INF), 0);
    }
    writeBytes("a.jpg", bytes.substr(0, bytes.size() * 6 / 10));
    EXPECT_NE(pictureProblem(path).find("a.jpg is cut short"), std::string::npos);
    EXPECT_NE(readPicture(path).problem.find("a.jpg is cut short"), std::string::npos);
    writeBytes("a.jpg", bytes.substr(0, bytes.size() * 6 / 10) + std::string(1000, '\0'));
    EXPECT_NE(pictureProblem(path).find("a.jpg is cut short"), std::string::npos) << "filled with zeros by a full disk";
    writeBytes("a.jpg", bytes.substr(0, bytes.size() - 2) + std::string(70'000, '\0'));
    EXPECT_NE(pictureProblem(path).find("a.jpg is cut short"), std::string::npos)
        << "nobody knows where the zeros begin";
}

// What a file claims is known before anything is decoded, whatever it is called.
TEST_F(ImageFileTest, BombsAreRefusedFromTheirHeaders) {
    const std::string tiff = readFile(write("a.tiff"));
    const std::string wide = withTiffTag(withTiffTag(tiff, 256, 256, 32000), 257, 257, 32000);
    const std::string tiles = withTiffTag(withTiffTag(tiff, 278, 322, 65536), 284, 323, 65536);
    for (const auto& [name, bytes, piece] : {std::tuple("a.tif", wide, "32000 x 32000"),
                                             {"b.jpg", wide, "32000 x 32000"},
                                             {"c.dng", tiles, "tiles"},
                                             {"d.pfm", std::string("PF\n32000 32000\n-1\n"), "32000 x 32000"},
                                             {"e.jpg", std::string("Pf\n1000 1000\n-1\n"), "cut short"},
                                             {"f.jpg", std::string("P6\n32000 32000\n255\n"), "a PNM picture"},
                                             {"g.png", std::string("#?RADIANCE\n\n-Y 32000 +X 32000\n"), "Radiance"},
                                             {"h.jpg", std::string("GIF89a\x01\x00\x01\x00", 10), "GIF"},
                                             {"i.jpg", std::string("<!DOCTYPE html><p>Not found"), "web page"}}) {
        const fs::path path = writeBytes(name, bytes);
        for (const std::string& problem : {pictureProblem(path), readPicture(path).problem}) {
            EXPECT_NE(problem.find(piece), std::string::npos) << name << ": " << problem;
            EXPECT_NE(problem.find(name), std::string::npos) << problem;
        }
        test::expectError(ErrorKind::BadInput, {name, piece}, [&] { readImageSize(path); });
    }
    const fs::path sparse = writeBytes("sparse.jpg", readFile(write("a.jpg")));
    fs::resize_file(sparse, uintmax_t{20} << 30);
    EXPECT_NE(pictureProblem(sparse).find("too large"), std::string::npos);
}

// Bytes inside the coded data are wrong: what is left is used, and the file named.
TEST_F(ImageFileTest, DamageThatDecodersLetPassIsSaid) {
    std::string bytes = readFile(write("a.jpg", 320, 240));
    bytes.insert(bytes.size() / 2, std::string(40, '\xA7'));
    const std::string endless = bytes.substr(0, bytes.size() - 2);
    for (const std::string& damaged : {bytes.substr(0, bytes.size() * 7 / 10) + "\xFF\xD9", endless,
                                       bytes + std::string(70'000, '\0'), bytes + std::string(70'000, 'x')}) {
        const fs::path path = writeBytes("a.jpg", damaged);
        testing::internal::CaptureStderr();
        EXPECT_EQ(pictureProblem(path), "") << "there is a picture";
        const PictureReading reading = readPicture(path);
        EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
        EXPECT_EQ(reading.image.size(), cv::Size(320, 240)) << damaged.size();
        EXPECT_NE(reading.problem.find("a.jpg is damaged"), std::string::npos) << damaged.size() << reading.problem;
    }
}

// Any changed or missing bytes: a picture or a sentence that names the file, and never a word of a library's own.
TEST_F(ImageFileTest, MutatedFilesEndInASentence) {
    testing::internal::CaptureStderr();
    Random random(7);
    const auto below = [&](size_t bound) { return static_cast<size_t>(random.below(static_cast<int64_t>(bound))); };
    int refused = 0, read = 0;
    for (const char* name : {"a.jpg", "a.png", "a.bmp", "a.webp", "a.tiff"}) {
        const std::string whole = readFile(write(name));
        for (int i = 0; i < 200; ++i) {
            std::string bytes = whole;
            const size_t reach = i % 2 == 0 ? std::min<size_t>(bytes.size(), 64) : bytes.size();
            for (int changes = 0; changes <= i % 4; ++changes) bytes[below(reach)] = static_cast<char>(below(256));
            if (i % 5 == 0) bytes.resize(below(bytes.size()));
            const fs::path path = writeBytes(name, bytes);
            const PictureReading reading = readPicture(path);
            EXPECT_TRUE(reading.problem.empty() || reading.problem.find(path.string()) != std::string::npos)
                << reading.problem;
            EXPECT_NE(
                reading.image.empty(),
                reading.problem.empty() || reading.problem.find("not all of it can be read") != std::string::npos);
            EXPECT_TRUE(pictureProblem(path).empty() || reading.image.empty()) << "what is known early is true";
            ++(reading.image.empty() ? refused : read);
        }
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_GT(refused, 100);
    EXPECT_GT(read, 100);
}

TEST_F(ImageFileTest, PipeDoesNotBlock) {
    const fs::path pipe = m_folder.path() / "pipe.jpg";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    expectBad(pipe);
}

// Any prefix and any changed byte: an answer or none, never a crash or an endless walk.
TEST_F(ImageFileTest, HeaderReaderSurvivesDamage) {
    for (const char* name : {"a.jpg", "a.png", "a.bmp", "a.webp", "a.tiff"}) {
        std::string bytes = readFile(write(name));
        if (std::string(name) == "a.jpg") bytes = withExif(bytes, 6, true);
        bytes.resize(std::min<size_t>(bytes.size(), 700));
        int answers = 0;
        for (size_t i = 0; i < bytes.size(); ++i) {
            answers += headerOf(std::string_view(bytes).substr(0, i)).has_value();
            std::string changed = bytes;
            changed[i] = static_cast<char>(changed[i] ^ 0xFF);
            answers += headerOf(changed).has_value();
        }
        EXPECT_GT(answers, 0) << name;
    }
}

// From the file or from memory: the same, though only blocks of the file are read.
TEST_F(ImageFileTest, HeadersAreTheSameFromFilesAndMemory) {
    std::string jpeg = readFile(write("a.jpg", 640, 480));
    for (int i = 0; i < 3; ++i)
        jpeg = jpeg.substr(0, 2) + std::string("\xFF\xE2\xFF\xFF", 4) + std::string(65533, '\xD9') + jpeg.substr(2);
    const fs::path path = writeBytes("long.jpg", jpeg);
    const auto memory = headerOf(jpeg), file = readImageHeader(PictureBytes(path));
    ASSERT_TRUE(memory && file);
    EXPECT_EQ(file->width, 640);
    EXPECT_EQ(file->height, memory->height);
    EXPECT_TRUE(file->complete && memory->complete);
    EXPECT_FALSE(headerOf(std::string_view(jpeg).substr(0, jpeg.size() - 2))->complete);
}

}  // namespace
}  // namespace qat
