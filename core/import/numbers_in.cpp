// Flattens tensors and nested lists; what holds itself ends by the number of steps.
#include "import/numbers_in.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace qat {
namespace {

// A call that makes a list of numbers out of its first argument.
bool isList(const PickleValue& value) {
    static constexpr std::array<std::string_view, 5> kMakers{
        "torch.Size", "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_doublelist",
        "torch.jit._pickle.build_boollist", "torch.jit._pickle.restore_type_tag"};
    return std::ranges::find(kMakers, value.className()) != kMakers.end() && !value.node()->args.items().empty();
}

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
        const PickleValue& list = isList(value) ? value.node()->args.items()[0] : value;
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

}  // namespace

std::optional<std::vector<double>> numbersIn(const PickleValue& value, StorageSource& storages, size_t most) {
    Flattening flattening(storages, most);
    if (!flattening.add(value)) return std::nullopt;
    return flattening.take();
}

}  // namespace qat
