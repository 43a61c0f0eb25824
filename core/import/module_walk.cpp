// Walks modules depth first; each is indexed once, so that one that is shared a thousand times stays cheap.
#include "import/module_walk.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/text.h"
#include "import/pickled_tensor.h"

namespace qat {
namespace {

constexpr int kDeepest = 100;
constexpr size_t kMostSteps = size_t{1} << 20, kLongestName = 1000;

constexpr std::string_view kScriptClass = "__torch__.", kMangled = "___torch_mangle_";

using Named = std::pair<PickleValue, PickleValue>;

// What is stored, by name. None is left out.
struct ModuleIndex {
    std::vector<Named> tensors, children;
};

void addStored(std::vector<Named>& list, const PickleValue* dict) {
    if (!dict) return;
    for (const Named& pair : dict->pairs())
        if (!pair.second.isNone()) list.push_back(pair);
}

std::unordered_set<std::string_view> notStored(const PickleValue* set) {
    std::unordered_set<std::string_view> names;
    if (!set) return names;
    const bool called = set->is(PickleKind::Object) && !set->node()->args.items().empty();
    for (const PickleValue& name : called ? set->node()->args.items()[0].items() : set->items())
        if (name.asText()) names.insert(*name.asText());
    return names;
}

ModuleIndex indexScriptModule(const PickleValue& state) {
    ModuleIndex index;
    for (const Named& pair : state.pairs()) {
        if (isPickledTensor(pair.second)) index.tensors.push_back(pair);
        if (isScriptModule(pair.second)) index.children.push_back(pair);
    }
    return index;
}

ModuleIndex indexModule(const PickleValue& module) {
    const PickleValue state = attributes(module);
    if (isScriptModule(module)) return indexScriptModule(state);
    ModuleIndex index;
    addStored(index.tensors, state.find("_parameters"));
    std::vector<Named> buffers;
    addStored(buffers, state.find("_buffers"));
    const auto left = notStored(state.find("_non_persistent_buffers_set"));
    for (const Named& buffer : buffers)
        if (!left.contains(buffer.first.asText().value_or(""))) index.tensors.push_back(buffer);
    addStored(index.children, state.find("_modules"));
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
        for (const Named& tensor : index.tensors) extend(tensor.first, "", [&] { m_visit(m_prefix, tensor.second); });
        for (const Named& child : index.children) extend(child.first, ".", [&] { module(child.second, depth + 1); });
    }

private:
    // Runs `inside` with the name, and what comes behind it, added to the prefix.
    template <class Inside>
    void extend(const PickleValue& name, std::string_view behind, Inside inside) {
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

bool isScriptModule(const PickleValue& value) {
    return value.className().starts_with(kScriptClass) && attributes(value).is(PickleKind::Dict);
}

bool isModule(const PickleValue& value) {
    const PickleValue* children = attributes(value).find("_modules");
    if (!children) return isScriptModule(value);
    return children && children->is(PickleKind::Dict);
}

std::string moduleClass(const PickleValue& module) {
    std::string name = withUtf8Only(module.className());
    if (!name.starts_with(kScriptClass)) return name;
    name.erase(0, kScriptClass.size());
    for (size_t at; (at = name.find(kMangled)) != std::string::npos;)
        name.erase(at, std::min(name.find('.', at), name.size() - 1) + 1 - at);
    return name;
}

void walkModule(const PickleValue& module, const TensorVisitor& visit, const ModuleVisitor& enter) {
    Walk(visit, enter).module(module, 0);
}

}  // namespace qat
