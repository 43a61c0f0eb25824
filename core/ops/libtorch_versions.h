// What libtorch 1.13 (Debian 12) and 2.6 (Debian 13) spell differently. No other file asks for a version of it, but for
// what only the fake device of the tests needs (tests/device/libtorch_versions.h).
#pragma once

#include <c10/core/Allocator.h>
#include <torch/version.h>

namespace qat {

// An allocator of tensors' memory for every libtorch.
class VersionedAllocator : public c10::Allocator {
public:
    virtual c10::DataPtr make(size_t bytes) const = 0;
    virtual void copy(void* to, const void* from, size_t bytes) const = 0;

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
    c10::DataPtr allocate(size_t bytes) override {
        return make(bytes);
    }
#else
    c10::DataPtr allocate(size_t bytes) const override {
        return make(bytes);
    }
#endif
#if TORCH_VERSION_MAJOR >= 2
    void copy_data(void* to, const void* from, size_t bytes) const override {
        copy(to, from, bytes);
    }
#endif
};

}  // namespace qat
