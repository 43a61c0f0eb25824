// Sets of classified pictures from files that are written here byte by byte.
#include "data/class_sets.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"
#include "base/files.h"
#include "data/loader.h"
#include "support/assets.h"

namespace qat {
namespace {

using test::ScratchFolder;

std::string cifarRecord(uint8_t label, uint8_t red, uint8_t green, uint8_t blue) {
    std::string record(1, static_cast<char>(label));
    for (const uint8_t plane : {red, green, blue}) record.append(1024, static_cast<char>(plane));
    return record;
}

std::string number(uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
            static_cast<char>(value)};
}

// Pictures whose pixel i is i, and classes.
std::string idxPictures(uint32_t count, uint32_t side) {
    std::string bytes = number(0x803) + number(count) + number(side) + number(side);
    for (uint32_t i = 0; i < count * side * side; ++i) bytes += static_cast<char>(i);
    return bytes;
}
std::string idxClasses(const std::string& classes) {
    return number(0x801) + number(static_cast<uint32_t>(classes.size())) + classes;
}

void writeGz(const std::filesystem::path& file, const std::string& bytes) {
    gzFile stream = gzopen(file.c_str(), "wb");
    gzwrite(stream, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(stream);
}

std::string refusal(const std::string& spec, DataSplit split = DataSplit::Val) {
    try {
        openDataset(spec, split, DataCheck::Lenient, LabelKind::Class);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "nothing was refused";
}

TEST(ClassSets, CifarTenIsReadPlaneByPlane) {
    const ScratchFolder folder;
    writeFileAtomic(folder.path() / "test_batch.bin", cifarRecord(3, 10, 20, 30) + cifarRecord(9, 0, 0, 255));
    const auto data =
        openDataset("cifar10:" + folder.path().string(), DataSplit::Val, DataCheck::Lenient, LabelKind::Class);
    ASSERT_EQ(data->size(), 2);
    EXPECT_EQ(data->labelKind(), LabelKind::Class);
    EXPECT_EQ(data->pictureClass(1), 9);
    EXPECT_EQ(data->classNames()[3], "cat");
    const Sample sample = data->read(0);
    EXPECT_EQ(sample.image.size(), cv::Size(32, 32));
    EXPECT_EQ(sample.image.at<cv::Vec3b>(5, 7), cv::Vec3b(30, 20, 10)) << "blue comes first in memory";
    EXPECT_TRUE(sample.path.ends_with("test_batch.bin[0]"));
    EXPECT_EQ(data->files().size(), 1u);
}

TEST(ClassSets, TrainingIsFiveFilesOfTheFolderThatUnpackingMakes) {
    const ScratchFolder folder;
    const auto inner = folder.path() / "cifar-10-batches-bin";
    std::filesystem::create_directories(inner);
    for (int i = 1; i <= 5; ++i)
        writeFileAtomic(inner / str("data_batch_", i, ".bin"), cifarRecord(static_cast<uint8_t>(i), 1, 2, 3));
    const auto data =
        openDataset("cifar10:" + folder.path().string(), DataSplit::Train, DataCheck::Lenient, LabelKind::Class);
    ASSERT_EQ(data->size(), 5);
    EXPECT_EQ(data->pictureClass(4), 5);
}

TEST(ClassSets, OfCifarHundredTheFineLabelCounts) {
    const ScratchFolder folder;
    writeFileAtomic(folder.path() / "test.bin", std::string(1, 4) + cifarRecord(99, 1, 2, 3));
    const auto data =
        openDataset("cifar100:" + folder.path().string(), DataSplit::Test, DataCheck::Lenient, LabelKind::Class);
    EXPECT_EQ(data->pictureClass(0), 99);
    ASSERT_EQ(data->classNames().size(), 100u);
    EXPECT_EQ(data->classNames()[99], "worm");
}

TEST(ClassSets, IdxFilesMayBeCompressed) {
    const ScratchFolder folder;
    writeGz(folder.path() / "t10k-images-idx3-ubyte.gz", idxPictures(3, 4));
    writeFileAtomic(folder.path() / "t10k-labels-idx1-ubyte", idxClasses({7, 0, 9}));
    const auto data =
        openDataset("fashion_mnist:" + folder.path().string(), DataSplit::Val, DataCheck::Lenient, LabelKind::Class);
    ASSERT_EQ(data->size(), 3);
    EXPECT_EQ(data->pictureClass(0), 7);
    EXPECT_EQ(data->classNames()[9], "ankle boot");
    EXPECT_EQ(data->read(1).image.at<cv::Vec3b>(0, 1), cv::Vec3b(17, 17, 17)) << "grey has three equal channels";
}

TEST(ClassSets, MissingFilesAreNamedWithTheirPlace) {
    const ScratchFolder folder;
    const std::string sentence = refusal("cifar10:" + folder.path().string(), DataSplit::Train);
    for (const char* part : {"data_batch_1.bin", "data_batch_5.bin", "cifar-10-batches-bin", "nothing is fetched"})
        EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
}

TEST(ClassSets, DamagedFilesAreRefused) {
    const ScratchFolder folder;
    const auto cifar = folder.path() / "test_batch.bin";
    const std::string spec = "cifar10:" + folder.path().string();
    writeFileAtomic(cifar, cifarRecord(3, 1, 2, 3) + "x");
    EXPECT_NE(refusal(spec).find("has 3074 bytes, expected a multiple of 3073"), std::string::npos) << refusal(spec);
    writeFileAtomic(cifar, cifarRecord(10, 1, 2, 3));
    EXPECT_NE(refusal(spec).find("[0] has class 10, but there are 10 classes"), std::string::npos) << refusal(spec);
    writeFileAtomic(cifar, "");
    EXPECT_NE(refusal(spec).find("has 0 bytes"), std::string::npos) << refusal(spec);

    const auto pictures = folder.path() / "t10k-images-idx3-ubyte", classes = folder.path() / "t10k-labels-idx1-ubyte";
    const std::string idx = "mnist:" + folder.path().string();
    writeFileAtomic(classes, idxClasses({1, 2}));
    const std::pair<std::string, const char*> damages[]{
        {"", "fewer than its head"},
        {idxClasses({1, 2}) + "0123456789", "expected 2051"},
        {idxPictures(2, 4).substr(0, 40), "promises 32"},
        {number(0x803) + number(0xFFFFFFFF) + number(0xFFFFFFFF) + number(0xFFFFFFFF), "has a dimension of"},
        {number(0x803) + number(1 << 20) + number(1 << 20) + number(1 << 20) + "x", "promises"},
        {idxPictures(3, 4), "has 2 classes, but"}};
    for (const auto& [bytes, part] : damages) {
        writeFileAtomic(pictures, bytes);
        EXPECT_NE(refusal(idx).find(part), std::string::npos) << refusal(idx);
    }
    writeGz(folder.path() / "whole", idxPictures(2, 4));
    const std::string packed = readFile(folder.path() / "whole");
    std::filesystem::remove(pictures);
    writeFileAtomic(folder.path() / "t10k-images-idx3-ubyte.gz", packed.substr(0, packed.size() - 9));
    EXPECT_NE(refusal(idx).find("t10k-images-idx3-ubyte.gz"), std::string::npos) << refusal(idx);
}

// Records of real pictures, from a JPEG copy.
TEST(ClassSets, RealRecordsAreWhatTheFoldersHold) {
    QAT_REQUIRE_ASSETS(shared);
    const auto assets = shared / "cifar10_mini";
    const ScratchFolder folder;
    std::filesystem::copy_file(assets / "test_batch_mini.bin", folder.path() / "test_batch.bin");
    const auto records =
        openDataset("cifar10:" + folder.path().string(), DataSplit::Test, DataCheck::Strict, LabelKind::Class);
    const auto files = openDataset(assets.string(), DataSplit::Test, DataCheck::Strict, LabelKind::Class);
    ASSERT_EQ(records->size(), 200);
    ASSERT_EQ(files->size(), 200);
    EXPECT_EQ(records->classNames(), files->classNames());
    for (int64_t i = 0; i < 200; i += 37) EXPECT_EQ(records->pictureClass(i), files->pictureClass(i));
}

// One shape a picture; the class is that of the shape.
TEST(DrawnClasses, AreThoseOfTheShapes) {
    const auto data =
        openDataset("shapes:train=60,val=10,size=64", DataSplit::Train, DataCheck::Strict, LabelKind::Class);
    ASSERT_EQ(data->size(), 60);
    EXPECT_EQ(data->classNames().size(), 6u);
    std::vector<int> counts(6);
    for (int64_t i = 0; i < 60; ++i) {
        ++counts[static_cast<size_t>(data->pictureClass(i))];
        EXPECT_EQ(data->read(i).pictureClass, data->pictureClass(i));
    }
    for (const int count : counts) EXPECT_EQ(count, 10);
}

}  // namespace
}  // namespace qat
