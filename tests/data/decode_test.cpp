// Decoders: the pixels that OpenCV gives, what is used of damaged files, and not a word of theirs on standard error.
#include <gtest/gtest.h>

#include <cstdio>
#include <iostream>
#include <limits>
#include <opencv2/imgcodecs.hpp>
#include <thread>

extern "C" {
#include <jpeglib.h>
}

#include "base/random.h"
#include "data/image_file.h"
#include "data/thread_silence.h"
#include "fixtures.h"
#include "support/assets.h"

namespace qat {
namespace {

class DecodeTest : public testing::Test {
protected:
    void SetUp() override { testing::internal::CaptureStderr(); }
    void TearDown() override { EXPECT_EQ(testing::internal::GetCapturedStderr(), ""); }
    PictureReading read(const std::string& bytes) {
        test::writeText(m_folder.path() / "picture.jpg", bytes);
        return readPicture(m_folder.path() / "picture.jpg");
    }
    void expectRefused(const std::string& bytes, const std::string& piece) {
        const PictureReading reading = read(bytes);
        EXPECT_TRUE(reading.image.empty());
        EXPECT_NE(reading.problem.find("picture.jpg " + piece), std::string::npos) << reading.problem;
    }
    void expectLikeOpenCv(const std::string& bytes, const std::string& what) {
        const cv::Mat expected = cv::imdecode(std::vector<uchar>(bytes.begin(), bytes.end()), cv::IMREAD_COLOR);
        const PictureReading reading = read(bytes);
        EXPECT_EQ(reading.problem, "") << what;
        ASSERT_EQ(reading.image.size(), expected.size()) << what;
        EXPECT_EQ(cv::norm(reading.image, expected, cv::NORM_INF), 0) << what;
    }
    test::ScratchFolder m_folder;
};

cv::Mat drawn(int type, int width = 67, int height = 45) {
    cv::Mat image(height, width, type);
    Random random(4);
    for (int y = 0; y < height; ++y)
        for (int i = 0; i < width * image.channels(); ++i) {
            const int value = 3 * i + 5 * y * (1 + i % image.channels()) + static_cast<int>(random.below(20));
            if (image.depth() == CV_16U)
                image.ptr<uint16_t>(y)[i] = static_cast<uint16_t>(value * 211);
            else
                image.ptr<uchar>(y)[i] = static_cast<uchar>(value);
        }
    return image;
}

std::string encoded(const char* ending, const cv::Mat& image, const std::vector<int>& how = {}) {
    std::vector<uchar> bytes;
    EXPECT_TRUE(cv::imencode(ending, image, bytes, how));
    return {bytes.begin(), bytes.end()};
}

std::string cmykJpeg() {
    cv::Mat image = drawn(CV_8UC4);
    jpeg_compress_struct codec{};
    jpeg_error_mgr errors{};
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&codec, &bytes, &size);
    codec.image_width = static_cast<JDIMENSION>(image.cols);
    codec.image_height = static_cast<JDIMENSION>(image.rows);
    codec.input_components = 4;
    codec.in_color_space = JCS_CMYK;
    jpeg_set_defaults(&codec);
    jpeg_start_compress(&codec, TRUE);
    for (int y = 0; y < image.rows; ++y) {
        JSAMPROW row = image.ptr(y);
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    std::string result(reinterpret_cast<const char*>(bytes), size);
    std::free(bytes);
    return result;
}

TEST_F(DecodeTest, PixelsAreThoseOfOpenCv) {
    for (const int quality : {20, 60, 95})
        for (const int progressive : {0, 1})
            for (const int restart : {0, 3}) {
                const std::vector<int> how{cv::IMWRITE_JPEG_QUALITY,      quality,
                                           cv::IMWRITE_JPEG_PROGRESSIVE,  progressive,
                                           cv::IMWRITE_JPEG_RST_INTERVAL, restart};
                for (const int type : {CV_8UC1, CV_8UC3})
                    expectLikeOpenCv(encoded(".jpg", drawn(type), how),
                                     str("JPEG ", quality, progressive, restart, type));
            }
    expectLikeOpenCv(cmykJpeg(), "CMYK");
    for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4})
        expectLikeOpenCv(encoded(".png", drawn(type)), str("PNG ", type));
    expectLikeOpenCv(encoded(".png", drawn(CV_8UC1), {cv::IMWRITE_PNG_BILEVEL, 1}), "one bit");
    for (const char* ending : {".bmp", ".webp", ".tiff"}) expectLikeOpenCv(encoded(ending, drawn(CV_8UC3)), ending);
}

TEST_F(DecodeTest, AMissingEndIsNoLossWherePixelsAreAllThere) {
    for (const int progressive : {0, 1}) {
        const std::string whole =
            encoded(".jpg", drawn(CV_8UC3, 160, 120), {cv::IMWRITE_JPEG_PROGRESSIVE, progressive});
        const PictureReading reading = read(whole.substr(0, whole.size() - 2));
        EXPECT_EQ(reading.problem, "");
        EXPECT_EQ(cv::norm(reading.image, read(whole).image, cv::NORM_INF), 0);
        expectRefused(whole.substr(0, whole.size() * 6 / 10), "is cut short");
        std::string zeros = whole.substr(0, whole.size() * 6 / 10);
        zeros.resize(whole.size(), '\0');
        expectRefused(zeros, "is cut short");
        if (progressive) expectRefused(whole.substr(0, whole.rfind("\xFF\xDA")), "is cut short");
    }
    const std::string png = encoded(".png", drawn(CV_8UC3));
    EXPECT_EQ(cv::norm(read(png.substr(0, png.size() - 12)).image, drawn(CV_8UC3), cv::NORM_INF), 0);
    expectRefused(png.substr(0, png.size() - 30), "is cut short");
    std::string wrong = png;
    wrong[png.size() / 2] = static_cast<char>(wrong[png.size() / 2] ^ 0x10);
    expectRefused(wrong, "is damaged and cannot be read");
}

// Each scan costs as much time as the whole picture, and takes a few bytes.
TEST_F(DecodeTest, ScansWithoutEndAreRefused) {
    const std::string whole = encoded(".jpg", drawn(CV_8UC3), {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
    const size_t last = whole.rfind("\xFF\xDA");
    std::string many = whole.substr(0, last);
    for (int i = 0; i < 600; ++i) many += whole.substr(last, whole.size() - 2 - last);
    expectRefused(many + "\xFF\xD9", "is damaged and cannot be read");
}

TEST_F(DecodeTest, SamplesThatAreNotFiniteAreRefused) {
    for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
        for (const auto& [ending, type] : {std::pair(".pfm", CV_32FC3), {".pfm", CV_32FC1}, {".tiff", CV_32FC1}}) {
            cv::Mat image(6, 9, type, cv::Scalar::all(.5));
            image.ptr<float>(4)[2] = value;
            expectRefused(encoded(ending, image), "has samples that are not finite numbers");
        }
    expectLikeOpenCv(encoded(".pfm", cv::Mat(6, 9, CV_32FC3, cv::Scalar(1, 90, 200))), "finite ones");
}

TEST_F(DecodeTest, OneThreadIsSilencedAndOthersAreHeard) {
    {
        const ThreadSilence silence;
        std::cerr << "not heard" << 1 << std::endl;
        std::thread([] { std::cerr << "heard " << 2 << std::endl; }).join();
    }
    std::cerr << "and after\n";
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "heard 2\nand after\n");
    testing::internal::CaptureStderr();
}

// Bytes changed, inserted and missing in every format, decoded by several threads at once.
TEST_F(DecodeTest, MutatedFilesSayNothingInAnyThread) {
    const std::array<std::string, 6> seeds{
        encoded(".jpg", drawn(CV_8UC3)),  encoded(".jpg", drawn(CV_8UC3), {cv::IMWRITE_JPEG_PROGRESSIVE, 1}),
        encoded(".png", drawn(CV_8UC3)),  encoded(".bmp", drawn(CV_8UC3)),
        encoded(".webp", drawn(CV_8UC3)), encoded(".tiff", drawn(CV_8UC3))};
    const auto decodeMany = [&](uint64_t seed) {
        Random random(seed);
        const auto below = [&](size_t bound) { return static_cast<size_t>(random.below(static_cast<int64_t>(bound))); };
        const fs::path path = m_folder.path() / str("picture", seed);
        for (const std::string& whole : seeds)
            for (int i = 0; i < 30; ++i) {
                std::string bytes = whole;
                for (int changes = 0; changes <= i % 4; ++changes)
                    bytes[below(i % 2 == 0 ? 64 : bytes.size())] = static_cast<char>(below(256));
                if (i % 5 == 0) bytes.resize(below(bytes.size()));
                if (i % 7 == 0) bytes.insert(below(bytes.size() + 1), below(200), static_cast<char>(below(256)));
                test::writeText(path, bytes);
                const PictureReading reading = readPicture(path);
                EXPECT_TRUE(!reading.image.empty() || reading.problem.find(path.string()) != std::string::npos);
                EXPECT_LE(reading.image.total(), size_t{1} << 27);
            }
    };
    std::vector<std::thread> threads;
    for (uint64_t seed = 1; seed <= 3; ++seed) threads.emplace_back(decodeMany, seed);
    for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace qat
