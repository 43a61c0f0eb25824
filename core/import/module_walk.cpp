// Walks modules depth first; each is indexed once, so that one that is shared a thousand times stays cheap.
#include "import/module_walk.h"

#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

constexpr int kDeepest = 100;
constexpr size_t kMostSteps = size_t{1} << 20, kLongestName = 1000;

struct ModuleIndex {
    PickleValue parameters, buffers, children;
    std::unordered_set<std::string_view> notStored;
};

PickleValue findOrNone(const PickleValue& dict, std::string_view key) {
    const PickleValue* found = dict.find(key);
    return found ? *found : PickleValue();
}

ModuleIndex indexModule(const PickleValue& module) {
    const PickleValue state = attributes(module);
    ModuleIndex index{
        findOrNone(state, "_parameters"), findOrNone(state, "_buffers"), findOrNone(state, "_modules"), {}};
    const PickleValue set = findOrNone(state, "_non_persistent_buffers_set");
    const bool called = set.is(PickleKind::Object) && !set.node()->args.items().empty();
    for (const PickleValue& name : called ? set.node()->args.items()[0].items() : set.items())
        if (name.asText()) index.notStored.insert(*name.asText());
    return index;
}

class Walk {
public:
    Walk(const TensorVisitor& visit, const ModuleVisitor& enter) : m_visit(visit), m_enter(enter) {}

    void module(const PickleValue& value, int depth) {
        require(depth < kDeepest, ErrorKind::BadInput, "modules are nested more than ", kDeepest, " deep");
        const auto [found, fresh] = m_indices.try_emplace(value.node());
        if (fresh) {
            require(isModule(value), ErrorKind::BadInput, inQuotes(m_prefix), " is not a module");
            found->second = indexModule(value);
        }
        const ModuleIndex& index = found->second;  // stays where it is while others are added
        m_enter(m_prefix, value);
        tensors(index.parameters, {});
        tensors(index.buffers, index.notStored);
        for (const auto& pair : index.children.pairs()) {
            const PickleValue& child = pair.second;
            const auto walk = [&] {
                if (!child.isNone()) module(child, depth + 1);
            };
            extend(pair.first, walk, ".");
        }
    }

private:
    void tensors(const PickleValue& dict, const std::unordered_set<std::string_view>& notStored) {
        for (const auto& pair : dict.pairs())
            extend(pair.first, [&] {
                const PickleValue& value = pair.second;
                if (!value.isNone() && !notStored.contains(*pair.first.asText())) m_visit(m_prefix, value);
            });
    }

    // Runs `inside` with the name added to the prefix.
    template <class Inside>
    void extend(const PickleValue& name, Inside inside, std::string_view behind = "") {
        require(++m_steps <= kMostSteps, ErrorKind::BadInput, "the model has more than ", kMostSteps, " parts");
        require(name.asText().has_value(), ErrorKind::BadInput, "a part of ", inQuotes(m_prefix), " has no name");
        const size_t length = m_prefix.size();
        require(length + name.asText()->size() < kLongestName, ErrorKind::BadInput, "the name of a part of ",
                inQuotes(m_prefix), " is too long");
        m_prefix.append(*name.asText()).append(behind);
        inside();
        m_prefix.resize(length);
    }

    const TensorVisitor& m_visit;
    const ModuleVisitor& m_enter;
    std::string m_prefix;
    size_t m_steps = 0;
    std::unordered_map<const PickleNode*, ModuleIndex> m_indices;
};

}  // namespace

PickleValue attributes(const PickleValue& object) {
    if (!object.is(PickleKind::Object)) return {};
    const PickleValue& state = object.node()->state;
    // Classes with slots store a pair of dicts.
    if (state.is(PickleKind::Tuple) && !state.items().empty()) return state.items()[0];
    return state;
}

bool isModule(const PickleValue& value) {
    const PickleValue* children = attributes(value).find("_modules");
    return children && children->is(PickleKind::Dict);
}

void walkModule(const PickleValue& module, const TensorVisitor& visit, const ModuleVisitor& enter) {
    Walk(visit, enter).module(module, 0);
}

}  // namespace qat
