// Text to Config and back: reading with located issues, edits that keep the user's comments and order.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace qat {

enum class Severity { Warning, Error };

// Where and why a configuration is wrong or doubtful. line and column are 1-based; 0 = the file as a whole.
struct ConfigIssue {
    Severity severity = Severity::Error;
    int line = 0, column = 0;
    std::string key;      // dotted path, e.g. quantization.weight.bit_width
    std::string message;  // one sentence
};

struct ConfigReading {
    Config config;                     // defaults where an issue stands
    std::vector<ConfigIssue> issues;   // in file order
    bool valid() const;                // no issue is an error
};

// Never throws on bad text: every problem is an issue.
ConfigReading readConfig(std::string_view text);

// Reads a file, applies `--set key.path=value` pairs; throws Error{BadInput} naming file, line and key of the first
// error, Error{Io} when the file cannot be read. Relative paths inside become relative to the file's folder.
Config loadConfig(const std::filesystem::path& file,
                  const std::vector<std::pair<std::string, std::string>>& overrides = {});

// The complete, resolved configuration as YAML, every key written out; readConfig of it gives the same Config.
std::string writeConfig(const Config& config);

// The text with one scalar changed or added (path like quantization.weight.bit_width), all else kept byte for byte:
// comments, order, quoting of other values. Throws Error{BadInput} if the path is unknown or the text is not YAML.
std::string setConfigValue(std::string_view text, std::string_view path, std::string_view value);

// What a form needs to know about one scalar key.
struct ConfigField {
    enum class Kind { Text, Path, Integer, Real, Boolean, Choice, List };
    std::string path;                  // dotted
    std::string section;               // top-level key
    std::string label;                 // "Bit width"
    std::string help;                  // one sentence
    Kind kind = Kind::Text;
    std::vector<std::string> choices;  // for Choice
    double minimum = 0, maximum = 0;   // for numbers
    std::string defaultValue;          // as it would be written in YAML
};

// Every key in the order of the guide. The reader checks against this same table.
const std::vector<ConfigField>& configFields();

// The value a text gives to a key, as written in YAML without quotes; the default if absent. line: 0 if absent.
struct ConfigValueAt { std::string value; int line = 0; };
ConfigValueAt configValueAt(std::string_view text, std::string_view path);

}  // namespace qat
