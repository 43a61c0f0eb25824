// The attributes of pickled modules that say how they compute.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "import/pickled_tensor.h"
#include "import/stored_module.h"

namespace qat {

// Collects modules. Memory is bounded, whatever they share.
class ModuleList {
public:
    explicit ModuleList(StorageSource& storages) : m_storages(storages) {}

    // The path may end with a dot. A tensor among the attributes that cannot be read is left out. Throws
    // Error{BadInput} when there are more than 50000 modules or, in all of them, more than 200000 values.
    void add(std::string path, const PickleValue& module);
    std::vector<StoredModule> take() { return std::move(m_modules); }

private:
    StoredModule read(const PickleValue& module);
    void addAttribute(StoredModule& module, std::string_view name, const PickleValue& value);
    void addNumbers(StoredModule& module, std::string_view name, const PickleValue& value);
    void spend(size_t values);

    StorageSource& m_storages;
    std::vector<StoredModule> m_modules;
    size_t m_values = 0;
    struct Known {
        size_t index, values;
    };
    std::unordered_map<const PickleNode*, Known> m_known;  // those that were read
};

}  // namespace qat
