// Tensors as PyTorch pickles them: a call of a rebuild function with a storage that lies elsewhere in the file.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "import/pickle.h"
#include "import/tensor_source.h"

namespace qat {

// The raw bytes of storages by key.
class StorageSource {
public:
    virtual ~StorageSource() = default;
    // All bytes of the storage; valid as long as the source. Throws Error{BadInput} if there is none of that key.
    virtual std::span<const std::byte> bytes(std::string_view key) = 0;
    // The tensor that a persistent id of mere text names, as before PyTorch 0.2. Throws Error{BadInput} if there is
    // none.
    virtual StridedElements tensor(std::string_view key);
};

// What a persistent id says about a storage.
struct StorageId {
    std::string_view key;
    StoredType type = StoredType::UInt8;
    int64_t elements = 0;  // of `type`
};

// Of torch.FloatStorage and its like; nothing for an untyped storage, whose elements are bytes. Throws Error{BadInput}
// for what is no storage of elements we read.
std::optional<StoredType> storageElementType(std::string_view symbol);

// Throws Error{BadInput} unless the value is a persistent id that names a storage.
StorageId parseStorageId(const PickleValue& persistent);

// Whether the value is a call of one of PyTorch's rebuild functions or a persistent id of mere text, with or without
// wrappers such as Parameter.
bool isPickledTensor(const PickleValue& value);

// Where the elements of a pickled tensor lie. Throws Error{BadInput} naming what is wrong or unsupported.
StridedElements locateTensor(const PickleValue& value, StorageSource& storages);

}  // namespace qat
