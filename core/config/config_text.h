// A configuration text that is parsed once, whatever is asked of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_io.h"

namespace qat {

struct YamlDocument;

// Never changed after it was made; copies share the tree, so threads may ask one at the same time.
class ConfigText {
public:
    // Never throws on bad text: its faults are issues of the reading.
    explicit ConfigText(std::string text);
    const std::string& text() const { return m_text; }
    // As readConfig().
    ConfigReading reading() const;
    // As configValueAt(); throws Error{BadInput} if there is no such key.
    ConfigValueAt valueAt(std::string_view path) const;
    // Of every key of configFields(), in that order.
    std::vector<ConfigValueAt> fieldValues() const;
    // As setConfigValue(), parsed as well; throws like it.
    ConfigText withValue(std::string_view path, std::string_view value) const;

private:
    ConfigText(std::string text, YamlDocument document);

    std::string m_text;
    std::shared_ptr<const YamlDocument> m_document;
};

}  // namespace qat
