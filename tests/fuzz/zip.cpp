// Zip archives of stored entries.
#include "fuzz/target.h"
#include "import/byte_builders.h"
#include "import/zip_reader.h"

namespace qat::test {

FuzzVerdict judgeZip(const std::string& bytes) {
    return verdictOn([&]() -> std::string {
        const std::span<const std::byte> file = bytesOf(bytes);
        const ZipReader reader(file);
        for (const ZipEntry& entry : reader.entries()) {
            if (reader.find(entry.name) == nullptr) return "an entry is not found by its name";
            const bool inside =
                entry.bytes.empty() || (entry.bytes.data() >= file.data() &&
                                        entry.bytes.data() + entry.bytes.size() <= file.data() + file.size());
            if (!inside) return "an entry lies outside the file";
            verifyChecksum(entry);
        }
        return "";
    });
}

std::vector<std::string> zipSeeds() {
    return {makeZip({}), makeZip({{"a", "bytes"}}),
            makeZip({{"a/b", ""}, {"c", std::string(70, 'x')}, {"d", "PK\5\6"}})};
}

}  // namespace qat::test
