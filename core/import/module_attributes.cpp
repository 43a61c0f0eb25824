// Reads attributes by kind. A module that is shared is read once and counted each time.
#include "import/module_attributes.h"

#include "base/error.h"
#include "base/text.h"
#include "import/module_walk.h"
#include "import/numbers_in.h"

namespace qat {
namespace {

constexpr size_t kMostModules = 50000, kMostValues = 200000, kMostInList = 1000;
constexpr size_t kLongestAttribute = 100, kLongestText = 200;

// What training has gathered: weights like any others.
bool isStatistic(std::string_view buffer) {
    return buffer == "running_mean" || buffer == "running_var" || buffer == "num_batches_tracked";
}

}  // namespace

void ModuleList::add(std::string path, const PickleValue& module) {
    require(m_modules.size() < kMostModules, ErrorKind::BadInput, "the model has more than ", kMostModules, " modules");
    if (path.ends_with('.')) path.pop_back();
    const auto [known, fresh] = m_known.try_emplace(module.node(), Known{m_modules.size(), m_values});
    if (fresh) {
        m_modules.push_back(read(module));
        known->second.values = m_values - known->second.values;
    } else {
        spend(known->second.values);
        m_modules.push_back(StoredModule(m_modules[known->second.index]));
    }
    m_modules.back().path = std::move(path);
}

StoredModule ModuleList::read(const PickleValue& module) {
    StoredModule stored;
    stored.className = moduleClass(module);
    const PickleValue state = attributes(module);
    const bool script = isScriptModule(module);
    for (const auto& [name, value] : state.pairs()) {
        const std::string_view text = name.asText().value_or("_");
        const bool weight = script && isPickledTensor(value);
        if (!text.starts_with('_') && text != "training" && !weight) addAttribute(stored, text, value);
    }
    if (const PickleValue* buffers = state.find("_buffers"))
        for (const auto& [name, value] : buffers->pairs())
            if (name.asText() && !isStatistic(*name.asText())) addAttribute(stored, *name.asText(), value);
    return stored;
}

void ModuleList::addAttribute(StoredModule& module, std::string_view name, const PickleValue& value) {
    if (name.size() > kLongestAttribute || !isUtf8(name)) return;
    if (const auto text = value.asText()) {
        if (text->size() > kLongestText || !isUtf8(*text)) return;
        spend(1);
        module.texts.insert_or_assign(std::string(name), std::string(*text));
        return;
    }
    try {
        addNumbers(module, name, value);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput || m_values > kMostValues) throw;
    }
}

void ModuleList::addNumbers(StoredModule& module, std::string_view name, const PickleValue& value) {
    auto numbers = numbersIn(value, m_storages, kMostInList);
    constexpr size_t kCostOfOtherList = 20;
    if (!numbers && !value.items().empty()) spend(kCostOfOtherList);  // what is no value takes time too
    if (!numbers || numbers->empty()) return;
    spend(1 + numbers->size());
    if (value.asBool() || value.asNumber())
        module.numbers.insert_or_assign(std::string(name), numbers->front());
    else
        module.lists.insert_or_assign(std::string(name), std::move(*numbers));
}

void ModuleList::spend(size_t values) {
    m_values += values;
    require(m_values <= kMostValues, ErrorKind::BadInput, "the modules of the model have more than ", kMostValues,
            " values");
}

}  // namespace qat
