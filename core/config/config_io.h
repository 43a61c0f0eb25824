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

// A key of the classifiers' guide that a file states, and what it means here: "training.epochs",
// "is train_params.epochs here" (config/other_keys.h).
struct ConfigSpelling {
    int line = 0;
    std::string key, meaning;
};

struct ConfigReading {
    Config config;                          // defaults where an issue stands
    std::vector<ConfigIssue> issues;        // in file order
    std::vector<ConfigSpelling> spellings;  // in file order
    bool valid() const;                     // no issue is an error
};

// Never throws on bad text: every problem is an issue.
ConfigReading readConfig(std::string_view text);

// Reads a file, applies `--set key.path=value` pairs; throws Error{BadInput} naming file, line and key of the first
// error, Error{Io} when the file cannot be read. Relative paths inside are resolved against the file's folder; those
// of overrides are left as typed. List overrides need no brackets: export.formats=onnx,tflite. Entries of lists go by
// their place: quantization.layer_configs[0].config.weight.bit_width=4; the place after the last one appends an entry.
// `notices` gets a sentence about each value that is taken otherwise than it was given (config/image_size.h).
Config loadConfig(const std::filesystem::path& file,
                  const std::vector<std::pair<std::string, std::string>>& overrides = {},
                  std::vector<std::string>* notices = nullptr);

// Resolves the relative paths of a configuration against a folder; names of what is built in stay as they are.
void resolveConfigPaths(Config& config, const std::filesystem::path& folder);

// Where a new run of a configuration file goes: run.output, relative to the file, and in it the file's name and the
// time.
std::filesystem::path newRunFolder(const Config& config, const std::filesystem::path& file);

// The complete, resolved configuration as YAML, every key written out; readConfig of it gives the same Config.
std::string writeConfig(const Config& config);

// The table of keys as JSON Schema (draft 7): types, ranges, choices, defaults and help of every key.
std::string configJsonSchema();

// Keys whose resolved values differ, with both, as in a form; "" where an entry of a list does not set the key.
struct ConfigDifference {
    std::string key, first, second;
};
std::vector<ConfigDifference> diffConfigs(const Config& a, const Config& b);

// The text with one scalar changed or added (path like quantization.weight.bit_width), all else kept byte for byte:
// comments, order, quoting of other values. `value` comes without quotes; "" empties a key that is no text, which then
// has its default; lists are written [a, b]. Keys and sections that are missing are added where the guide has them.
// Entries: quantization.layer_configs[2].config.weight.bit_width; the index after the last entry appends one. The
// value itself is not checked. Throws Error{BadInput} if the path is unknown, the text is not YAML, or the value is
// written in a way (alias, block text) that cannot be changed without changing others.
std::string setConfigValue(std::string_view text, std::string_view path, std::string_view value);

// The text without a key, a section or an entry of a list (quantization.layer_configs[2]), including comments after
// it on its own lines; the text as it is if the path states nothing. Throws like setConfigValue.
std::string removeConfigValue(std::string_view text, std::string_view path);

// What a form needs to know about one scalar key.
struct ConfigField {
    enum class Kind { Text, Path, Integer, Real, Boolean, Choice, List };
    std::string path;     // dotted
    std::string section;  // top-level key
    std::string label;    // "Bit width"
    std::string help;     // one sentence
    Kind kind = Kind::Text;
    std::vector<std::string> choices;  // for Choice, and for a List with a closed set of elements
    std::string pattern, patternName;  // for Choice: what may stand there too, as an expression and in words; or none
    double minimum = 0, maximum = 0;   // for numbers, and for a List of numbers (its maximum is above its minimum)
    bool fractions = false;            // for a List of numbers: they need not be whole
    std::string defaultValue;          // as it would be written in YAML, without quotes
};

// Every key in the order of the guide. The reader checks against this same table.
const std::vector<ConfigField>& configFields();

// The keys of one entry of quantization.layer_configs, paths relative to the entry (config.weight.bit_width). All but
// `pattern` may be left out, which has no default: the value then falls through.
const std::vector<ConfigField>& layerConfigFields();

// The value a text gives to a key, as written in YAML without quotes; the default if absent, empty, or the text is not
// YAML. line: 1-based, 0 if absent. Throws Error{BadInput} if there is no such key. Entries by index as above.
struct ConfigValueAt {
    std::string value;
    int line = 0;
};
ConfigValueAt configValueAt(std::string_view text, std::string_view path);

}  // namespace qat
