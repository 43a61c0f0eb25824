// TensorBoard's files, read by other code than wrote them: frames, checksums bit by bit, protobuf fields.
#include "report/tensorboard_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/files.h"
#include "support/assets.h"

namespace qat::test {
namespace {

std::span<const std::byte> bytesOf(std::string_view text) {
    return std::as_bytes(std::span(text));
}

TEST(Crc32c, KnownValues) {
    EXPECT_EQ(crc32c(bytesOf("123456789")), 0xE3069283u);  // the check value of the catalogue
    EXPECT_EQ(crc32c(bytesOf("")), 0u);
    EXPECT_EQ(crc32c(bytesOf(std::string(32, '\0'))), 0x8A9136AAu);  // RFC 3720, B.4
    EXPECT_EQ(crc32c(bytesOf(std::string(32, '\xff'))), 0x62A8AB43u);
}

// Long division, one bit at a time.
uint32_t slowCrc32c(std::string_view text) {
    uint32_t rest = 0xFFFFFFFFu;
    for (const char c : text)
        for (int bit = 0; bit < 8; ++bit) {
            const bool in = (static_cast<unsigned char>(c) >> bit) & 1;
            const bool out = rest & 1;
            rest = (rest >> 1) ^ (in != out ? 0x82F63B78u : 0u);
        }
    return ~rest;
}

uint32_t unmasked(uint32_t masked) {
    const uint32_t rotated = masked - 0xA282EAD8u;
    return rotated >> 17 | rotated << 15;
}

class Reader {
public:
    explicit Reader(std::string_view bytes) : m_bytes(bytes) {}
    bool done() const { return m_bytes.empty(); }
    std::string_view take(size_t count) {
        if (count > m_bytes.size()) throw std::runtime_error("cut off");
        const std::string_view taken = m_bytes.substr(0, count);
        m_bytes.remove_prefix(count);
        return taken;
    }
    template <class T>
    T fixed() {
        T value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    uint64_t varint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(take(1)[0]);
            value |= static_cast<uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
        throw std::runtime_error("varint without an end");
    }

private:
    std::string_view m_bytes;
};

// Fields of a message: numbers as their bytes, in the order of the wire.
std::map<uint64_t, std::string_view> fields(std::string_view message, std::map<uint64_t, uint64_t>& varints) {
    std::map<uint64_t, std::string_view> found;
    for (Reader reader(message); !reader.done();) {
        const uint64_t key = reader.varint();
        switch (key & 7) {
            case 0:
                varints[key >> 3] = reader.varint();
                break;
            case 1:
                found[key >> 3] = reader.take(8);
                break;
            case 2:
                found[key >> 3] = reader.take(reader.varint());
                break;
            case 5:
                found[key >> 3] = reader.take(4);
                break;
            default:
                throw std::runtime_error("unknown wire type");
        }
    }
    return found;
}

std::vector<std::string> events(const std::filesystem::path& file) {
    const std::string bytes = readFile(file);
    std::vector<std::string> read;
    for (Reader reader(bytes); !reader.done();) {
        const std::string_view frame = reader.take(8);
        EXPECT_EQ(unmasked(reader.fixed<uint32_t>()), slowCrc32c(frame));
        const std::string_view event = reader.take(Reader(frame).fixed<uint64_t>());
        EXPECT_EQ(unmasked(reader.fixed<uint32_t>()), slowCrc32c(event));
        read.emplace_back(event);
    }
    return read;
}

struct Scalar {
    std::string tag;
    uint64_t step;
    float value;
};

Scalar scalarOf(const std::string& event) {
    std::map<uint64_t, uint64_t> varints, none;
    const auto outer = fields(event, varints);
    const auto entry = fields(fields(outer.at(5), none).at(1), none);
    double time = 0;
    std::memcpy(&time, outer.at(1).data(), 8);
    EXPECT_GT(time, 1.5e9);
    return {std::string(entry.at(1)), varints.at(2), Reader(entry.at(2)).fixed<float>()};
}

std::vector<std::filesystem::path> filesIn(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

TEST(Tensorboard, ScalarsComeBack) {
    const ScratchFolder scratch;
    {
        TensorboardFile file(scratch.path() / "tensorboard");
        EXPECT_TRUE(file.scalar("metrics/mAP50-95(B)", 1, 0.25));
        EXPECT_TRUE(file.scalar("train/box_loss", 100000, -1.5));
        EXPECT_TRUE(file.scalar(std::string(300, 'x'), 0, 1e30));
    }
    const auto files = filesIn(scratch.path() / "tensorboard");
    ASSERT_EQ(files.size(), 1u);
    EXPECT_NE(files[0].filename().string().find("tfevents"), std::string::npos);
    const auto read = events(files[0]);
    ASSERT_EQ(read.size(), 4u);
    std::map<uint64_t, uint64_t> none;
    EXPECT_EQ(fields(read[0], none).at(3), "brain.Event:2");
    const Scalar first = scalarOf(read[1]), second = scalarOf(read[2]), third = scalarOf(read[3]);
    EXPECT_EQ(first.tag, "metrics/mAP50-95(B)");
    EXPECT_EQ(first.step, 1u);
    EXPECT_EQ(first.value, 0.25f);
    EXPECT_EQ(second.step, 100000u);
    EXPECT_EQ(second.value, -1.5f);
    EXPECT_EQ(third.tag, std::string(300, 'x'));
    EXPECT_EQ(third.value, 1e30f);
}

TEST(Tensorboard, EverySittingHasItsFile) {
    const ScratchFolder scratch;
    for (int i = 0; i < 3; ++i) TensorboardFile(scratch.path()).scalar("s", i, i);
    const auto files = filesIn(scratch.path());
    ASSERT_EQ(files.size(), 3u);
    for (const auto& file : files) EXPECT_EQ(events(file).size(), 2u);
}

}  // namespace
}  // namespace qat::test
