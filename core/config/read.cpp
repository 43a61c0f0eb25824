// Walks the YAML tree along the table of keys and fills a Config, turning everything odd into issues.
#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "config/config_io.h"
#include "config/data_name.h"
#include "config/fields.h"
#include "config/image_size.h"
#include "config/lint.h"
#include "config/names.h"
#include "config/other_keys.h"
#include "config/parsed.h"
#include "config/pattern.h"
#include "config/table_name.h"

namespace qat {
namespace {

constexpr size_t kMostIssues = 200;
constexpr size_t kMostEntries = 1000;  // of layer_configs and of fusion_patterns

class ConfigReader {
public:
    ConfigReader(std::string_view text, const YamlDocument& document)
        : m_places(text), m_document(document), m_own(inOwnWords(document.root)) {}

    ConfigReading read() {
        for (const YamlFailure& failure : m_document.failures)
            report(Severity::Error, failure.offset, "", "the file " + failure.message);
        if (m_document.failures.empty()) readRoot();
        std::stable_sort(m_reading.issues.begin(), m_reading.issues.end(), [](const auto& a, const auto& b) {
            return a.line != b.line ? a.line < b.line : a.column < b.column;
        });
        return std::move(m_reading);
    }

private:
    void report(Severity severity, size_t offset, const std::string& key, std::string message) {
        if (m_reading.issues.size() > kMostIssues) return;
        const TextPlace place = m_places.at(offset);
        if (m_reading.issues.size() == kMostIssues) message = "there are more problems, which are left out here";
        message = asStated(offset, std::move(message));
        m_reading.issues.push_back({severity, place.line, place.column, key, std::move(message)});
    }
    // Begins with the key that the file has, where it is another one than the table's.
    std::string asStated(size_t offset, std::string message) const {
        for (const OtherSpelling& other : m_own.spellings)
            if ((other.key == offset || other.value == offset) && !other.own.empty() && message.starts_with(other.own))
                return other.path + message.substr(other.own.size());
        return message;
    }
    void error(size_t offset, const std::string& key, std::string message) {
        report(Severity::Error, offset, key, std::move(message));
    }

    void readRoot() {
        for (const size_t place : m_document.elisions)
            report(Severity::Warning, place, "", "the line holds only an ellipsis, which is read as nothing");
        const YamlNode& root = *m_own.root.node;
        for (const OtherComplaint& complaint : m_own.complaints)
            report(complaint.severity, complaint.offset, complaint.path, complaint.message);
        if (root.isMap()) {
            readMap(m_reading.config, configRows(), root, "", "");
        } else if (!root.isNull()) {
            error(root.offset, "", "the file does not start with a section such as model");
        }
        for (const StatedValue& value : m_stated)
            m_reading.config.sources.byKey.try_emplace(value.path, str("line ", value.place.line));
        for (const OtherSpelling& other : m_own.spellings)
            m_reading.spellings.push_back({m_places.at(other.key).line, other.path, other.meaning});
        std::ranges::stable_sort(m_reading.spellings, {}, &ConfigSpelling::line);
        settleModel(m_reading.config);
        settleImageSize(m_reading.config);
        lintConfig(m_reading.config, m_stated, m_reading.issues);
        lintSupport(m_stated, m_reading.issues);
        m_reading.config.data.imgsz = fittingImageSize(m_reading.config.data.imgsz, "data.imgsz").pixels;
    }

    // `base` names the object the rows describe, `section` the part of it this map stands for.
    template <class Root>
    void readMap(Root& root, const std::vector<FieldRow<Root>>& rows, const YamlNode& map, const std::string& base,
                 const std::string& section) {
        const auto join = [](const std::string& a, const std::string& b) { return a.empty() ? b : a + "." + b; };
        std::unordered_set<std::string> seen;
        for (const YamlItem& item : map.items) {
            if (m_reading.issues.size() > kMostIssues) return;  // what follows would go unsaid
            const std::string& name = item.key->text;
            const std::string inside = join(section, name), path = join(base, inside);
            if (!seen.insert(name).second)
                error(item.key->offset, path, excerpt(path) + " is given twice");
            else if (name.find_first_of(".[]") != std::string::npos || !readItem(root, rows, item, base, inside, path))
                error(item.key->offset, excerpt(path),
                      (name.empty() ? "an empty name" : excerpt(path)) + " is not a known key" +
                          suggestionFor(join(base, section), name));
        }
    }

    // False if there is no such key.
    template <class Root>
    bool readItem(Root& root, const std::vector<FieldRow<Root>>& rows, const YamlItem& item, const std::string& base,
                  const std::string& inside, const std::string& path) {
        if (path == kLayerConfigsPath) {
            readEntries(m_reading.config.quantization.layerConfigs, layerRows(), item, path);
            return true;
        }
        if (path == kFusionPatternsPath) {
            readEntries(m_reading.config.qat.fusionPatterns, fusionRows(), item, path);
            return true;
        }
        if (const FieldRow<Root>* row = findRow(rows, inside)) {
            readField(row->slot(root), row->info, item, path);
            return true;
        }
        const std::string prefix = inside + ".";
        if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) { return row.info.path.starts_with(prefix); }))
            return false;
        if (item.node->isMap())
            readMap(root, rows, *item.node, base, inside);
        else if (!item.node->isNull())
            error(item.offset, path,
                  path + " is " + (item.node->isScalar() ? excerpt(item.node->text) : "a list") +
                      ", expected a section with keys below it");
        return true;
    }

    void readField(const Slot& slot, const ConfigField& field, const YamlItem& item, const std::string& path) {
        if (item.node->isNull()) {
            if (!field.defaultValue.empty())
                report(Severity::Warning, item.key->offset, path,
                       str(path, " is empty, so its default ", field.defaultValue, " is used"));
            return;
        }
        if (const auto complaint = assignSlot(slot, field, item)) {
            error(complaint->offset, path, path + " is " + complaint->text + adviceFor(path, *item.node));
            return;
        }
        // Spelled as we write them, so that rules need not know that yes is true.
        const auto values = slotValues(slot).value_or(std::vector<std::string>{});
        for (size_t i = 0; i < values.size(); ++i) {
            const bool isList = field.kind == ConfigField::Kind::List;
            m_stated.push_back({path, values[i], m_places.at(isList ? item.node->items[i].offset : item.offset)});
        }
    }

    template <class Entry>
    void readEntries(std::vector<Entry>& entries, const std::vector<FieldRow<Entry>>& rows, const YamlItem& list,
                     const std::string& path) {
        if (list.node->isNull()) return;
        if (!list.node->isSequence()) {
            error(list.offset, path, path + " is no list, expected entries that start with a dash");
            return;
        }
        if (list.node->items.size() > kMostEntries) {
            error(list.offset, path, str(path, " has more than ", kMostEntries, " entries"));
            return;
        }
        for (size_t i = 0; i < list.node->items.size(); ++i) {
            const YamlItem& item = list.node->items[i];
            const std::string entryPath = str(path, "[", i, "]");
            if (!item.node->isMap()) {
                error(item.offset, entryPath, entryPath + " is no section, expected an entry with a pattern");
                continue;
            }
            Entry entry;
            if constexpr (requires { entry.line; }) entry.line = m_places.at(item.offset).line;
            readMap(entry, rows, *item.node, entryPath, "");
            if (checkPattern(entry.pattern, item, entryPath)) entries.push_back(std::move(entry));
        }
    }

    bool checkPattern(const std::string& pattern, const YamlItem& item, const std::string& entryPath) {
        const auto& keys = item.node->items;
        const auto stated =
            std::find_if(keys.begin(), keys.end(), [](const auto& key) { return key.key->text == "pattern"; });
        if (stated == keys.end()) {
            error(item.offset, entryPath + ".pattern", entryPath + ".pattern is missing");
            return false;
        }
        if (!stated->node->isScalar() && !stated->node->isNull()) return false;  // reported as a wrong type
        const auto complaint = LayerPattern::complaint(pattern);
        if (complaint) error(stated->offset, entryPath + ".pattern", entryPath + ".pattern is " + *complaint);
        return !complaint;
    }

    TextPlaces m_places;
    const YamlDocument& m_document;
    OwnWords m_own;
    ConfigReading m_reading;
    std::vector<StatedValue> m_stated;
};

}  // namespace

bool ConfigReading::valid() const {
    return std::none_of(issues.begin(), issues.end(),
                        [](const ConfigIssue& issue) { return issue.severity == Severity::Error; });
}

ConfigReading readParsed(std::string_view text, const YamlDocument& document) {
    return ConfigReader(text, document).read();
}

ConfigReading readConfig(std::string_view text) {
    return readParsed(text, parseYaml(text));
}

}  // namespace qat
