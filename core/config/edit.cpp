// Edits of configuration texts: finds the change, makes it, and reads the result back before handing it out.
#include <algorithm>

#include "base/error.h"
#include "config/config_io.h"
#include "config/edit_text.h"
#include "config/fields.h"
#include "config/names.h"
#include "config/other_keys.h"
#include "config/parsed.h"
#include "config/slot.h"

namespace qat {
namespace {

void requireParsed(const YamlDocument& document, std::string_view text, const char* what) {
    if (document.failures.empty()) return;
    const YamlFailure& failure = document.failures.front();
    fail(ErrorKind::BadInput, what, " ", failure.message, " in line ", TextPlaces(text).at(failure.offset).line);
}

[[noreturn]] void failUnknown(std::string_view path) {
    const size_t dot = path.rfind('.');
    const std::string_view section = dot == std::string_view::npos ? "" : path.substr(0, dot);
    fail(ErrorKind::BadInput, excerpt(path), " is not a known key",
         suggestionFor(section, dot == std::string_view::npos ? path : path.substr(dot + 1)));
}

NewValue newValue(const ConfigField& field, std::string_view path, std::string_view value) {
    using Kind = ConfigField::Kind;
    NewValue result;
    result.isText = !holdsNumbers(field) && field.kind != Kind::Boolean;
    result.isList = field.kind == Kind::List;
    if (!result.isList) {
        if (!value.empty() || result.isText) result.parts.emplace_back(value);
        return result;
    }
    const std::string list = value.starts_with('[') ? std::string(value) : "[" + std::string(value) + "]";
    const YamlDocument document = parseYaml(list);
    require(document.failures.empty() && document.root.node->isSequence(), ErrorKind::BadInput, path, " is ",
            excerpt(value), ", expected a list such as [a, b]");
    for (const YamlItem& item : document.root.node->items) {
        require(item.node->isScalar(), ErrorKind::BadInput, path, " is ", excerpt(value),
                ", expected a list of plain values");
        result.parts.push_back(item.node->text);
    }
    return result;
}

bool same(const YamlNode& a, const YamlNode& b) {
    if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size()) return false;
    for (size_t i = 0; i < a.items.size(); ++i) {
        const bool sameKey = !a.items[i].key || a.items[i].key->text == b.items[i].key->text;
        if (!sameKey || !same(*a.items[i].node, *b.items[i].node)) return false;
    }
    return true;
}

// Whether two trees differ in nothing but what stands at a path. An empty value counts as a section without keys.
class Comparison {
public:
    Comparison(const std::vector<PathStep>& steps, bool removed) : m_steps(steps), m_removed(removed) {}

    bool differsOnlyThere(const YamlNode& before, const YamlNode& after, size_t i = 0) const {
        if (i == m_steps.size()) return true;
        std::vector<const YamlItem*> there[2], others[2];
        split(before, i, there[0], others[0]);
        if (i + 1 == m_steps.size() && m_removed) return there[0].size() == 1 && equal(others[0], all(after));
        split(after, i, there[1], others[1]);
        if (!others[0].empty() && before.kind != after.kind) return false;
        if (!equal(others[0], others[1])) return false;
        if (there[1].empty()) return false;
        static const YamlNode nothing;
        const YamlNode& old = there[0].empty() ? nothing : *there[0].front()->node;
        return differsOnlyThere(old, *there[1].front()->node, i + 1);
    }

private:
    static std::vector<const YamlItem*> all(const YamlNode& node) {
        std::vector<const YamlItem*> items;
        for (const YamlItem& item : node.items) items.push_back(&item);
        return items;
    }
    // The first item the step names, and the rest.
    void split(const YamlNode& node, size_t i, std::vector<const YamlItem*>& there,
               std::vector<const YamlItem*>& others) const {
        const PathStep& step = m_steps[i];
        for (size_t k = 0; k < node.items.size(); ++k) {
            const YamlItem& item = node.items[k];
            const bool matches = step.isIndex ? k == step.index : item.key && item.key->text == step.key;
            (matches && there.empty() ? there : others).push_back(&item);
        }
    }
    bool equal(const std::vector<const YamlItem*>& a, const std::vector<const YamlItem*>& b) const {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const YamlItem* x, const YamlItem* y) {
            const bool sameKey = !x->key == !y->key && (!x->key || x->key->text == y->key->text);
            return sameKey && same(*x->node, *y->node);
        });
    }

    const std::vector<PathStep>& m_steps;
    bool m_removed;
};

bool holds(const YamlItem* item, const NewValue& value) {
    if (!item) return false;
    const YamlNode& node = *item->node;
    if (!value.isList) {
        if (value.parts.empty()) return node.isNull();
        return node.isScalar() && node.text == value.parts.front();
    }
    return node.isSequence() && std::equal(node.items.begin(), node.items.end(), value.parts.begin(), value.parts.end(),
                                           [](const YamlItem& element, const std::string& part) {
                                               return element.node->isScalar() && element.node->text == part;
                                           });
}

// An edit that cannot be proven to be exactly the wanted one is not made.
[[noreturn]] void failUneditable(std::string_view path) {
    fail(ErrorKind::BadInput, path, " is written in a way that cannot be changed without changing other values");
}

}  // namespace

std::vector<PathStep> fieldSteps(std::string_view path) {
    std::vector<PathStep> steps = parsePath(path);
    if (steps.empty() || !findField(path)) failUnknown(path);
    return steps;
}

namespace {

EditedText withStatedValue(std::string_view text, const YamlDocument& before, std::string_view path,
                           const NewValue& wanted) {
    const std::vector<PathStep> steps = parsePath(path);
    EditedText result{withValue(text, before.root, steps, wanted, childNames), {}};
    result.document = parseYaml(result.text);
    const YamlDocument& after = result.document;
    if (!after.failures.empty() || !holds(findItem(after.root, steps), wanted) ||
        !Comparison(steps, false).differsOnlyThere(*before.root.node, *after.root.node))
        failUneditable(path);
    return result;
}

EditedText withoutStatedValue(std::string_view text, const YamlDocument& before, std::string_view path) {
    const std::vector<PathStep> steps = parsePath(path);
    if (!findItem(before.root, steps)) return {std::string(text), before};
    EditedText result{withoutValue(text, before.root, steps), {}};
    result.document = parseYaml(result.text);
    if (!result.document.failures.empty() ||
        !Comparison(steps, true).differsOnlyThere(*before.root.node, *result.document.root.node))
        failUneditable(path);
    return result;
}

}  // namespace

EditedText withValueSet(std::string_view text, const YamlDocument& before, std::string_view path,
                        std::string_view value) {
    fieldSteps(path);
    requireParsed(before, text, "the text");
    EditedText edited{std::string(text), before};
    const SpelledEdit edit = spelledEdit(before.root, path, value);
    for (const std::string& key : edit.removed) edited = withoutStatedValue(edited.text, edited.document, key);
    for (const auto& [key, word] : edit.set) {
        const std::string_view own = findField(key) ? std::string_view(key) : path;
        edited = withStatedValue(edited.text, edited.document, key, newValue(*findField(own), key, word));
    }
    return edited;
}

std::string setConfigValue(std::string_view text, std::string_view path, std::string_view value) {
    return withValueSet(text, parseYaml(text), path, value).text;
}

std::string removeConfigValue(std::string_view text, std::string_view path) {
    const bool known =
        findField(path) || !childNames(path).empty() || path == kLayerConfigsPath || path == kFusionPatternsPath;
    if (parsePath(path).empty() || !known) failUnknown(path);
    const YamlDocument before = parseYaml(text);
    requireParsed(before, text, "the text");
    EditedText edited = withoutStatedValue(text, before, path);
    for (const std::string& key : spelledBy(before.root, path))
        edited = withoutStatedValue(edited.text, edited.document, key);
    return edited.text;
}

}  // namespace qat
