// Messages are short and placed within the text; what is valid survives writing and an edit.
#include "sane_reading.h"

#include <algorithm>

#include "base/error.h"
#include "config/config_io.h"

namespace qat::test {
namespace {

std::string problemOfIssues(const std::string& text, const ConfigReading& reading) {
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const ConfigIssue& issue : reading.issues) {
        if (issue.message.empty() || issue.message.size() >= 400)
            return "a message is empty or too long: " + issue.message;
        if (issue.line < 0 || issue.line > lines || issue.column < 0)
            return "a place is outside the text: " + issue.message;
    }
    return "";
}

// Editing refuses with one kind of error, or sets the value.
std::string problemOfEdit(const std::string& text, const std::string& key, const std::string& value) {
    try {
        if (configValueAt(setConfigValue(text, key, value), key).value != value)
            return "an edit of " + key + " does not show";
        removeConfigValue(text, key);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput) return str("an edit ends with ", error.what());
    }
    return "";
}

}  // namespace

std::string problemOfReading(const std::string& text) {
    const ConfigReading reading = readConfig(text);
    if (const std::string problem = problemOfIssues(text, reading); !problem.empty()) return problem;
    for (const auto& [key, value] : {std::pair{"quantization.weight.bit_width", "5"},
                                     {"calibration.method", "mse"},
                                     {"data.augment.mosaic", "0.5"}}) {
        const std::string problem = problemOfEdit(text, key, value);
        if (!problem.empty()) return problem;
    }
    if (!reading.valid()) return "";
    const ConfigReading again = readConfig(writeConfig(reading.config));
    if (!again.valid()) return "what was written is not valid: " + again.issues.front().message;
    return again.config == reading.config ? "" : "what was written means something else";
}

}  // namespace qat::test
