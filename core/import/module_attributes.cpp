// Reads attributes by kind. What is shared by many modules is counted for each of them.
#include "import/module_attributes.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "import/module_walk.h"

namespace qat {
namespace {

constexpr size_t kMostModules = 50000, kMostValues = 200000, kMostInList = 1000;
constexpr size_t kLongestAttribute = 100, kLongestText = 200;

// Collects numbers out of nested lists within a number of steps: lists that hold each other have no end.
class Flattening {
public:
    Flattening(StorageSource& storages, size_t most) : m_storages(storages), m_most(most) {}

    bool add(const PickleValue& value, int depth = 0) {
        constexpr int kDeepest = 8;
        if (++m_steps > 2 * m_most + 1 || depth > kDeepest) return false;
        if (const auto flag = value.asBool()) return addNumber(*flag ? 1 : 0);
        if (const auto number = value.asNumber()) return addNumber(*number);
        if (isPickledTensor(value)) return addTensor(value);
        const bool isSize = value.className() == "torch.Size" && !value.node()->args.items().empty();
        const PickleValue& list = isSize ? value.node()->args.items()[0] : value;
        if (!list.is(PickleKind::List) && !list.is(PickleKind::Tuple)) return false;
        for (const PickleValue& item : list.items())
            if (!add(item, depth + 1)) return false;
        return true;
    }
    std::vector<double> take() { return std::move(m_numbers); }

private:
    bool addNumber(double number) {
        if (!std::isfinite(number) || m_numbers.size() >= m_most) return false;
        m_numbers.push_back(number);
        return true;
    }

    bool addTensor(const PickleValue& value) {
        const StridedElements source = locateTensor(value, m_storages);
        const auto left = static_cast<int64_t>(m_most - m_numbers.size());
        int64_t count = 1;
        for (const int64_t size : source.shape)
            if (size < 0 || size > left || (count *= size) > left) return false;
        const at::Tensor tensor = readTensor(source, std::max<int64_t>(left, 1))->to(at::kDouble);
        for (int64_t i = 0; i < count; ++i)
            if (!addNumber(tensor.data_ptr<double>()[i])) return false;
        return true;
    }

    StorageSource& m_storages;
    size_t m_most, m_steps = 0;
    std::vector<double> m_numbers;
};

// What training has gathered: weights like any others.
bool isStatistic(std::string_view buffer) {
    return buffer == "running_mean" || buffer == "running_var" || buffer == "num_batches_tracked";
}

}  // namespace

std::optional<std::vector<double>> numbersIn(const PickleValue& value, StorageSource& storages, size_t most) {
    Flattening flattening(storages, most);
    if (!flattening.add(value)) return std::nullopt;
    return flattening.take();
}

void ModuleList::add(std::string path, const PickleValue& module) {
    require(m_modules.size() < kMostModules, ErrorKind::BadInput, "the model has more than ", kMostModules, " modules");
    if (path.ends_with('.')) path.pop_back();
    StoredModule& stored = m_modules.emplace_back();
    stored.path = std::move(path);
    stored.className = withUtf8Only(module.className());
    const PickleValue state = attributes(module);
    for (const auto& [name, value] : state.pairs())
        if (name.asText() && !name.asText()->starts_with('_') && name.asText() != "training")
            addAttribute(stored, *name.asText(), value);
    if (const PickleValue* buffers = state.find("_buffers"))
        for (const auto& [name, value] : buffers->pairs())
            if (name.asText() && !isStatistic(*name.asText())) addAttribute(stored, *name.asText(), value);
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
