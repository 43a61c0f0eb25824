// Small pickles, zip archives and PyTorch files, written byte by byte.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/bad_input.h"

namespace qat::test {

inline std::span<const std::byte> bytesOf(std::string_view text) {
    return std::as_bytes(std::span(text));
}

template <class T>
std::string little(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
}

// The raw bytes of several numbers.
template <class T>
std::string raw(const std::vector<T>& values) {
    std::string bytes;
    for (const T value : values) bytes += little(value);
    return bytes;
}

// Appends opcodes; every method returns the object, so that calls chain.
class PickleBuilder {
public:
    PickleBuilder& code(std::string_view bytes) {
        m_bytes += bytes;
        return *this;
    }
    PickleBuilder& proto() { return code("\x80\x02"); }
    PickleBuilder& text(std::string_view value) {
        return code("X").code(little(static_cast<uint32_t>(value.size()))).code(value);
    }
    PickleBuilder& integer(int64_t value);
    PickleBuilder& integers(const std::vector<int64_t>& values);  // a tuple
    PickleBuilder& real(double value);
    PickleBuilder& symbol(std::string_view module, std::string_view name) {
        return code("c").code(module).code("\n").code(name).code("\n");
    }
    PickleBuilder& orderedDict() { return symbol("collections", "OrderedDict").code(")R"); }
    // The persistent id and rebuild call of a tensor.
    PickleBuilder& tensor(std::string_view storageClass, std::string_view key, int64_t elements, int64_t offset,
                          const std::vector<int64_t>& shape, const std::vector<int64_t>& strides);
    const std::string& bytes() const { return m_bytes; }
    std::string stop() const { return m_bytes + '.'; }

private:
    std::string m_bytes;
};

struct ZipItem {
    std::string name, bytes;
};

// Stored entries with PyTorch's flags: no sizes or checksums in the local headers.
std::string makeZip(const std::vector<ZipItem>& items);

// A PyTorch zip container of one pickle and its storages.
std::string makeTorchZip(const std::string& pickle, const std::vector<std::pair<std::string, std::string>>& storages);

struct LegacyStorage {
    std::string key;
    int64_t elements;
    std::string bytes;
};

// The five pickles and storages of PyTorch before 1.6.
std::string makeLegacy(const std::string& pickle, const std::vector<LegacyStorage>& storages);

// A tar archive of these files, each after an extended header as Python's tarfile writes for a time with a fraction.
std::string makeTar(const std::vector<ZipItem>& items);

struct TarTensor {
    int64_t key, storage;  // storage 0: none
    std::vector<int64_t> shape, strides;
    int64_t offset;
};
struct TarStorage {
    int64_t key, elements;
    std::string type, bytes;  // FloatStorage
};

// The tar archive of PyTorch before 0.2. `views` is pickled code that makes the list of views.
std::string makeTorchTar(const std::string& pickle, const std::vector<TarStorage>& storages,
                         const std::vector<TarTensor>& tensors, const std::string& views = "]");

// A safetensors file of this header text and data.
std::string makeSafetensors(std::string_view header, std::string_view data);

}  // namespace qat::test
