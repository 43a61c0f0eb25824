// Stored zip archives: entries in place, and every way to be wrong.
#include "import/zip_reader.h"

#include <gtest/gtest.h>

#include "import/byte_builders.h"
#include "import/crc32.h"

namespace qat::test {
namespace {

const std::vector<ZipItem> kItems{{"a/data.pkl", "first"}, {"a/data/0", ""}, {"a/data/1", "third"}};

std::string readError(const std::string& file) {
    return badInput([&] { ZipReader reader(bytesOf(file)); });
}

std::string replaced(std::string file, size_t at, std::string_view bytes) {
    return file.replace(at, bytes.size(), bytes);
}

TEST(Crc32, MatchesTheCatalogueValueAtEveryAlignment) {
    EXPECT_EQ(crc32(bytesOf("123456789")), 0xCBF43926u);
    EXPECT_EQ(crc32({}), 0u);
    // Thirty-two zero bytes, which takes the path of whole blocks.
    EXPECT_EQ(crc32(bytesOf(std::string(32, '\0'))), 0x190A55ADu);
}

TEST(ZipReader, ShowsEntriesInPlace) {
    const std::string file = makeZip(kItems);
    const ZipReader reader(bytesOf(file));
    ASSERT_EQ(reader.entries().size(), 3u);
    const ZipEntry* entry = reader.find("a/data/1");
    ASSERT_NE(entry, nullptr);
    const auto* start = reinterpret_cast<const char*>(entry->bytes.data());
    EXPECT_EQ(std::string_view(start, entry->bytes.size()), "third");
    EXPECT_TRUE(start >= file.data() && start < file.data() + file.size());
    EXPECT_TRUE(reader.find("a/data/0")->bytes.empty());
    EXPECT_EQ(reader.find("a/data/2"), nullptr);
    for (const ZipEntry& each : reader.entries()) EXPECT_NO_THROW(verifyChecksum(each));
}

TEST(ZipReader, AcceptsACommentBehindTheDirectory) {
    std::string file = makeZip(kItems);
    file.replace(file.size() - 2, 2, little<uint16_t>(5));
    EXPECT_EQ(readError(file + "hello"), "no error");
    EXPECT_NE(readError(file + "hell"), "no error");
}

TEST(ZipReader, RejectsEveryTruncation) {
    const std::string file = makeZip(kItems);
    for (size_t length = 0; length < file.size(); ++length) {
        const std::string error = readError(file.substr(0, length));
        EXPECT_NE(error, "no error") << length;
        EXPECT_EQ(error.find("another kind"), std::string::npos) << length << ": " << error;
    }
}

TEST(ZipReader, NoticesDamage) {
    std::string file = makeZip(kItems);
    file[file.find("third")] = 'T';
    const ZipReader reader(bytesOf(file));
    EXPECT_NO_THROW(verifyChecksum(*reader.find("a/data.pkl")));
    EXPECT_EQ(badInput([&] { verifyChecksum(*reader.find("a/data/1")); }),
              "zip entry \"a/data/1\" is damaged: its checksum does not fit");
}

TEST(ZipReader, RejectsWhatPyTorchDoesNotWrite) {
    const std::string file = makeZip(kItems);
    const size_t central = file.find("PK\1\2"), end = file.find("PK\5\6");
    EXPECT_NE(readError(replaced(file, central + 10, little<uint16_t>(8))).find("is compressed"), std::string::npos);
    EXPECT_NE(readError(replaced(file, central + 8, little<uint16_t>(1))).find("is encrypted"), std::string::npos);
    EXPECT_NE(readError(replaced(file, central + 24, little<uint32_t>(9999))).find("is compressed"), std::string::npos);
    EXPECT_NE(
        readError(replaced(replaced(file, central + 24, little<uint32_t>(9999)), central + 20, little<uint32_t>(9999)))
            .find("reaches past its end"),
        std::string::npos);
    EXPECT_NE(readError(replaced(file, central + 42, little<uint32_t>(3))).find("no header of entry"),
              std::string::npos);
    EXPECT_NE(readError(replaced(file, central + 42, little<uint32_t>(0xfffffff0))).find("outside the file"),
              std::string::npos);
    EXPECT_NE(readError(replaced(file, end + 16, little<uint32_t>(0xfffffff0))).find("outside the file"),
              std::string::npos);
    EXPECT_NE(readError(replaced(file, end + 8, little<uint16_t>(0xffff))).find("split"), std::string::npos);
    EXPECT_NE(readError(replaced(file, end + 8, little<uint32_t>(0xffffffff))).find("zip64"), std::string::npos);
    EXPECT_NE(readError(replaced(file, end + 8, little<uint32_t>(0x00040004))), "no error");
    EXPECT_NE(readError(replaced(file, 30, "b")).find("another name"), std::string::npos);
    EXPECT_NE(readError(makeZip({{"x", "1"}, {"x", "2"}})).find("occurs twice"), std::string::npos);
}

}  // namespace
}  // namespace qat::test
