// The longer builders of test files.
#include "import/byte_builders.h"

#include <algorithm>

#include "import/crc32.h"

namespace qat::test {

PickleBuilder& PickleBuilder::integer(int64_t value) {
    if (value == static_cast<int32_t>(value)) return code("J").code(little(static_cast<int32_t>(value)));
    return code("\x8a\x08").code(little(value));
}

PickleBuilder& PickleBuilder::integers(const std::vector<int64_t>& values) {
    code("(");
    for (const int64_t value : values) integer(value);
    return code("t");
}

PickleBuilder& PickleBuilder::real(double value) {
    std::string bytes = little(value);
    std::ranges::reverse(bytes);
    return code("G").code(bytes);
}

PickleBuilder& PickleBuilder::tensor(std::string_view storageClass, std::string_view key, int64_t elements,
                                     int64_t offset, const std::vector<int64_t>& shape,
                                     const std::vector<int64_t>& strides) {
    symbol("torch._utils", "_rebuild_tensor_v2").code("((").text("storage").symbol("torch", storageClass).text(key);
    text("cpu").integer(elements).code("tQ").integer(offset).integers(shape).integers(strides);
    return code("\x89").orderedDict().code("tR");
}

std::string makeZip(const std::vector<ZipItem>& items) {
    std::string file, directory;
    for (const auto& [name, bytes] : items) {
        const auto size = static_cast<uint32_t>(bytes.size()), offset = static_cast<uint32_t>(file.size());
        const auto nameSize = static_cast<uint16_t>(name.size());
        const std::string padding = "FB" + little<uint16_t>(5) + "ZZZZZ";
        const std::string start = little<uint16_t>(0) + little<uint16_t>(0x0808) + std::string(6, '\0');
        file += "PK\3\4" + start + std::string(12, '\0') + little(nameSize) +
                little(static_cast<uint16_t>(padding.size())) + name + padding + bytes;
        directory += std::string("PK\1\2") + std::string(2, '\0') + start + little(crc32(bytesOf(bytes))) +
                     little(size) + little(size) + little(nameSize) + std::string(12, '\0') + little(offset) + name;
    }
    const auto count = static_cast<uint16_t>(items.size());
    return file + directory + "PK\5\6" + std::string(4, '\0') + little(count) + little(count) +
           little(static_cast<uint32_t>(directory.size())) + little(static_cast<uint32_t>(file.size())) +
           little<uint16_t>(0);
}

std::string makeTorchZip(const std::string& pickle, const std::vector<std::pair<std::string, std::string>>& storages) {
    std::vector<ZipItem> items{{"archive/data.pkl", pickle}};
    for (const auto& [key, bytes] : storages) items.push_back({"archive/data/" + key, bytes});
    items.push_back({"archive/version", "3\n"});
    return makeZip(items);
}

std::string makeLegacy(const std::string& pickle, const std::vector<LegacyStorage>& storages) {
    std::string file("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
    file += PickleBuilder().proto().integer(1001).stop();
    file += PickleBuilder().proto().code("}(").text("little_endian").code("\x88u").stop();
    file += pickle;
    PickleBuilder keys;
    keys.proto().code("](");
    for (const LegacyStorage& storage : storages) keys.text(storage.key);
    file += keys.code("e").stop();
    for (const LegacyStorage& storage : storages) file += little(storage.elements) + storage.bytes;
    return file;
}

std::string makeSafetensors(std::string_view header, std::string_view data) {
    return little(static_cast<uint64_t>(header.size())).append(header).append(data);
}

}  // namespace qat::test
