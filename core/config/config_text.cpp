// Values of keys in a parsed text, and what else is asked of it.
#include "config/config_text.h"

#include <utility>

#include "config/fields.h"
#include "config/other_keys.h"
#include "config/parsed.h"
#include "config/slot.h"

namespace qat {
namespace {

// In the table's words; nothing of a text that is not YAML.
YamlItem readable(const YamlDocument& document) {
    if (document.failures.empty()) return inOwnWords(document.root).root;
    YamlItem nothing;
    nothing.node = std::make_shared<YamlNode>();
    return nothing;
}

// The value of a field in a parsed text.
ConfigValueAt valueIn(const YamlItem& root, const TextPlaces& places, const ConfigField& field,
                      const std::vector<PathStep>& steps) {
    ConfigValueAt result{field.defaultValue, 0};
    const YamlItem* item = findItem(root, steps);
    if (!item) return result;
    result.line = places.at(item->key ? item->key->offset : item->offset).line;
    if (item->node->isScalar()) result.value = item->node->text;
    if (!item->node->isSequence()) return result;
    std::vector<std::string> parts;
    for (const YamlItem& element : item->node->items) parts.push_back(element.node->text);
    result.value = plainForm(field, parts);
    return result;
}

}  // namespace

ConfigText::ConfigText(std::string text)
    : m_text(std::move(text)), m_document(std::make_shared<const YamlDocument>(parseYaml(m_text))) {}

ConfigText::ConfigText(std::string text, YamlDocument document)
    : m_text(std::move(text)), m_document(std::make_shared<const YamlDocument>(std::move(document))) {}

ConfigReading ConfigText::reading() const {
    return readParsed(m_text, *m_document);
}

ConfigValueAt ConfigText::valueAt(std::string_view path) const {
    const std::vector<PathStep> steps = fieldSteps(path);
    return valueIn(readable(*m_document), TextPlaces(m_text), *findField(path), steps);
}

std::vector<ConfigValueAt> ConfigText::fieldValues() const {
    const TextPlaces places(m_text);
    const YamlItem root = readable(*m_document);
    std::vector<ConfigValueAt> values;
    for (const ConfigField& field : configFields())
        values.push_back(valueIn(root, places, field, parsePath(field.path)));
    return values;
}

ConfigText ConfigText::withValue(std::string_view path, std::string_view value) const {
    EditedText edited = withValueSet(m_text, *m_document, path, value);
    return {std::move(edited.text), std::move(edited.document)};
}

ConfigValueAt configValueAt(std::string_view text, std::string_view path) {
    return ConfigText(std::string(text)).valueAt(path);
}

}  // namespace qat
