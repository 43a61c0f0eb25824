// Storages and tensors lie in entries of their own, numbered; the pickled object refers to tensors by number.
#include "import/torch_tar.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "import/byte_reader.h"
#include "import/file_kind.h"
#include "import/pickled_tensor.h"
#include "import/tar_reader.h"
#include "import/torch_model.h"

namespace qat {
namespace {

constexpr int64_t kTarProtocol = 1000;
constexpr int32_t kMostDimensionsInTar = 64;

// Pickles and numbers of one entry, in turn.
class TarStream {
public:
    TarStream(std::span<const std::byte> bytes, std::string_view name) : m_bytes(bytes), m_reader(bytes, name) {}

    Pickle pickle() {
        Pickle next = unpickle(m_bytes, m_reader.offset());
        m_reader.take(next.end - m_reader.offset());
        return next;
    }
    ByteReader& reader() { return m_reader; }

private:
    std::span<const std::byte> m_bytes;
    ByteReader m_reader;
};

std::span<const std::byte> entryOf(const std::vector<TarEntry>& entries, std::string_view name) {
    const auto found = std::ranges::find(entries, name, &TarEntry::name);
    require(found != entries.end(), ErrorKind::BadInput, "the tar archive has no entry ", inQuotes(name));
    return found->bytes;
}

int64_t countIn(TarStream& stream, std::string_view what) {
    const Pickle count = stream.pickle();
    require(count.root.asInt().value_or(-1) >= 0, ErrorKind::BadInput, "the number of ", what, " is not a count");
    return *count.root.asInt();
}

class TarStorages final : public StorageSource {
public:
    explicit TarStorages(const std::vector<TarEntry>& entries) {
        TarStream storages(entryOf(entries, "storages"), "storages");
        for (int64_t left = countIn(storages, "storages"); left > 0; --left) addStorage(storages);
        addViews(storages.pickle());
        TarStream tensors(entryOf(entries, "tensors"), "tensors");
        for (int64_t left = countIn(tensors, "tensors"); left > 0; --left) addTensor(tensors);
    }

    std::span<const std::byte> bytes(std::string_view key) override {
        fail(ErrorKind::BadInput, "the file has no storage ", inQuotes(key), " that tensors are made of in place");
    }
    StridedElements tensor(std::string_view key) override {
        int64_t number = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
        const auto found = m_tensors.find(number);
        require(error == std::errc() && end == key.data() + key.size() && found != m_tensors.end(), ErrorKind::BadInput,
                "the file has no tensor ", inQuotes(key));
        return found->second;
    }

private:
    struct Storage {
        StoredType type;
        std::span<const std::byte> bytes;
    };

    // The pickled (key, location, type), the number of elements, and these.
    void addStorage(TarStream& stream) {
        const Pickle head = stream.pickle();
        const auto parts = head.root.items();
        require(parts.size() == 3 && parts[0].asInt(), ErrorKind::BadInput, "the head of a storage is not of its form");
        const StoredType type = storageElementType(parts[2].asSymbol().value_or("")).value_or(StoredType::UInt8);
        const auto count = stream.reader().take<int64_t>();
        const bool fits =
            count >= 0 && static_cast<uint64_t>(count) <= stream.reader().remaining() / elementBytes(type);
        require(fits, ErrorKind::BadInput, "storage ", *parts[0].asInt(), " of ", count,
                " elements reaches past the end of its entry");
        add(*parts[0].asInt(), {type, stream.reader().take(static_cast<size_t>(count) * elementBytes(type))});
    }

    void add(int64_t key, const Storage& storage) {
        require(m_storages.emplace(key, storage).second, ErrorKind::BadInput, "the storage ", key, " occurs twice");
    }

    const Storage& storage(const PickleValue& key) const {
        const auto found = key.asInt() ? m_storages.find(*key.asInt()) : m_storages.end();
        require(found != m_storages.end(), ErrorKind::BadInput, "a tensor or view names a storage that is not there");
        return found->second;
    }

    // Parts of other storages: (key, key of the whole, first element, elements) each.
    void addViews(const Pickle& views) {
        for (const PickleValue& view : views.root.items()) {
            const auto parts = view.items();
            require(parts.size() == 4 && parts[0].asInt(), ErrorKind::BadInput,
                    "a view of a storage is not of its form");
            const Storage& whole = storage(parts[1]);
            const auto stored = static_cast<int64_t>(whole.bytes.size() / elementBytes(whole.type));
            const int64_t first = parts[2].asInt().value_or(-1), count = parts[3].asInt().value_or(-1);
            require(first >= 0 && count >= 0 && first <= stored && count <= stored - first, ErrorKind::BadInput,
                    "a view lies outside its storage of ", stored, " elements");
            const size_t width = elementBytes(whole.type);
            const auto part =
                whole.bytes.subspan(static_cast<size_t>(first) * width, static_cast<size_t>(count) * width);
            add(*parts[0].asInt(), {whole.type, part});
        }
    }

    // The pickled (key, key of the storage, type), the number of dimensions in 8 bytes of which 4 count, sizes, strides
    // and offset. Without dimensions a tensor was empty then.
    void addTensor(TarStream& stream) {
        const Pickle head = stream.pickle();
        const auto parts = head.root.items();
        require(parts.size() == 3 && parts[0].asInt(), ErrorKind::BadInput, "the head of a tensor is not of its form");
        const auto dimensions = stream.reader().take<int32_t>();
        stream.reader().take(sizeof(int32_t));
        require(dimensions >= 0 && dimensions <= kMostDimensionsInTar, ErrorKind::BadInput, "a tensor has ", dimensions,
                " dimensions");
        StridedElements elements;
        for (int32_t i = 0; i < dimensions; ++i) elements.shape.push_back(stream.reader().take<int64_t>());
        for (int32_t i = 0; i < dimensions; ++i) elements.strides.push_back(stream.reader().take<int64_t>());
        elements.offset = stream.reader().take<int64_t>();
        if (dimensions == 0) elements.shape = {0}, elements.strides = {1};
        if (!parts[1].isNone()) {
            elements.type = storage(parts[1]).type;
            elements.bytes = storage(parts[1]).bytes;
        }
        require(m_tensors.emplace(*parts[0].asInt(), std::move(elements)).second, ErrorKind::BadInput, "the tensor ",
                *parts[0].asInt(), " occurs twice");
    }

    std::unordered_map<int64_t, Storage> m_storages;
    std::unordered_map<int64_t, StridedElements> m_tensors;
};

void checkSystem(const std::vector<TarEntry>& entries) {
    const Pickle system = unpickle(entryOf(entries, "sys_info"));
    const PickleValue* protocol = system.root.find("protocol_version");
    require(protocol && protocol->asInt() == kTarProtocol, ErrorKind::BadInput, "its protocol is not ", kTarProtocol);
    const PickleValue* littleEndian = system.root.find("little_endian");
    require(littleEndian && littleEndian->asBool() == true, ErrorKind::BadInput, "its numbers are not little-endian");
}

}  // namespace

Checkpoint readTorchTar(std::span<const std::byte> file, const BytesDone& done) {
    const std::vector<TarEntry> entries = readTar(file);
    const auto isPickle = [](const TarEntry& entry) { return entry.name == "pickle"; };
    require(std::ranges::any_of(entries, isPickle), ErrorKind::BadInput, kindOf(file), "; ", kReadableFiles);
    checkSystem(entries);
    TarStorages storages(entries);
    const Pickle object = unpickle(entryOf(entries, "pickle"));
    return buildCheckpoint(object.root, storages, file.size(), done);
}

}  // namespace qat
