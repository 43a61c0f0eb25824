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

namespace {

std::string octalDigits(uint64_t value, size_t digits) {
    std::string text(digits, '0');
    for (size_t i = digits; i-- > 0; value /= 8) text[i] = static_cast<char>('0' + value % 8);
    return text;
}

std::string tarEntry(const ZipItem& item, char type) {
    std::string header(512, '\0');
    header.replace(0, item.name.size(), item.name);
    header.replace(100, 8, octalDigits(0644, 7) + '\0');
    header.replace(124, 12, octalDigits(item.bytes.size(), 11) + '\0');
    header.replace(148, 8, 8, ' ');
    header[156] = type;
    header.replace(257, 8,
                   std::string("ustar\0"
                               "00",
                               8));
    uint64_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    header.replace(148, 7, octalDigits(sum, 6) + '\0');
    return header + item.bytes + std::string((512 - item.bytes.size() % 512) % 512, '\0');
}

}  // namespace

std::string makeTar(const std::vector<ZipItem>& items) {
    std::string file;
    for (const ZipItem& item : items)
        file += tarEntry({"././@PaxHeader", "20 mtime=1480000.25\n"}, 'x') + tarEntry(item, '0');
    return file + std::string(1024, '\0');
}

std::string makeTorchTar(const std::string& pickle, const std::vector<TarStorage>& storages,
                         const std::vector<TarTensor>& tensors, const std::string& views) {
    const auto count = [](size_t number) {
        return PickleBuilder().proto().integer(static_cast<int64_t>(number)).stop();
    };
    std::string places = count(storages.size());
    for (const TarStorage& each : storages) {
        PickleBuilder head;
        places += head.proto().integer(each.key).text("cpu").symbol("torch", each.type).code("\x87").stop();
        places += little(each.elements) + each.bytes;
    }
    places += PickleBuilder().proto().code(views).stop();
    std::string metadata = count(tensors.size());
    for (const TarTensor& each : tensors) {
        PickleBuilder head;
        head.proto().integer(each.key);
        if (each.storage == 0) head.code("N");
        if (each.storage != 0) head.integer(each.storage);
        metadata += head.symbol("torch", "FloatTensor").code("\x87").stop();
        metadata += little(static_cast<int32_t>(each.shape.size())) + "junk" + raw(each.shape) + raw(each.strides);
        metadata += little(each.offset);
    }
    PickleBuilder system;
    system.proto().code("}(").text("protocol_version").integer(1000).text("little_endian").code("\x88u");
    return makeTar({{"sys_info", system.stop()}, {"pickle", pickle}, {"tensors", metadata}, {"storages", places}});
}

std::string makeSafetensors(std::string_view header, std::string_view data) {
    return little(static_cast<uint64_t>(header.size())).append(header).append(data);
}

}  // namespace qat::test
