// The published example digests, and independence of how the bytes arrive.
#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/files.h"
#include "support/assets.h"

namespace qat {
namespace {

std::span<const std::byte> bytesOf(std::string_view text) {
    return std::as_bytes(std::span(text));
}

TEST(Sha256, KnownDigests) {
    EXPECT_EQ(sha256Hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256Hex(bytesOf("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256Hex(bytesOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256Hex(bytesOf(std::string(1000000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesDoNotMatter) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
    const std::string whole = sha256Hex(bytesOf(text));
    for (size_t cut = 0; cut <= text.size(); cut += 13) {
        Sha256 hash;
        hash.update(bytesOf(text).first(cut));
        hash.update(bytesOf(text).subspan(cut));
        EXPECT_EQ(hash.hex(), whole) << cut;
    }
}

TEST(Sha256, OfFilesIsThatOfTheirBytes) {
    const test::ScratchFolder scratch;
    for (const size_t size : {size_t{0}, size_t{3}, size_t{2'500'000}}) {
        const std::string bytes(size, 'x');
        writeFileAtomic(scratch.path() / "a", bytes);
        EXPECT_EQ(fileSha256(scratch.path() / "a"), sha256Hex(bytesOf(bytes))) << size;
    }
}

}  // namespace
}  // namespace qat
