// A slot is a typed place inside a configuration struct: read from YAML, written as text, described for forms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/config_io.h"
#include "config/yaml_tree.h"

namespace qat {

using Slot =
    std::variant<std::string*, int*, int64_t*, double*, bool*, std::vector<std::string>*, std::vector<int>*,
                 std::vector<double>*, DType*, Scheme*, ObserverKind*, FakeQuantKind*, ScaleKind*, CalibrationMethod*,
                 CoresetMethod*, OptimizerKind*, EndToEndKind*, ClassLossKind*, QcFold*, GateReaction*, JoinMode*,
                 ScheduleKind*, SensitivityTensors*, ExportOutput*, std::optional<int>*, std::optional<double>*,
                 std::optional<bool>*, std::optional<DType>*, std::optional<Scheme>*, std::optional<ObserverKind>*,
                 std::optional<FakeQuantKind>*, std::optional<ScaleKind>*, std::optional<CalibrationMethod>*>;

// As a configuration spells it.
std::string spelling(CalibrationMethod method);

// What a value is, and where: "99, expected 2 to 16". For lists the place of the element.
struct SlotComplaint {
    std::string text;
    size_t offset = 0;
};

// Sets the slot from a scalar or list; leaves it as it was if the value does not fit the field's type, range or
// choices, and says why.
std::optional<SlotComplaint> assignSlot(const Slot& slot, const ConfigField& field, const YamlItem& value);

// What to do instead, after such a complaint about a key: "" but for rectangles as sizes.
std::string adviceFor(std::string_view path, const YamlNode& value);

// The elements of a list, or the one value; empty optional = an optional that is not set.
std::optional<std::vector<std::string>> slotValues(const Slot& slot);

// Kind and choices that follow from the slot's type. A text slot is Text; its field may know better.
void describeSlot(const Slot& slot, ConfigField& field);

// True for lists of numbers, whose elements are written without quotes.
bool holdsNumbers(const ConfigField& field);

// A foreign text fit for a message: control characters blanked, long ones cut.
std::string excerpt(std::string_view text);

// Values in a form: without quotes; lists as [a, b].
std::string plainForm(const ConfigField& field, const std::vector<std::string>& values);
// Values in a file: texts in double quotes, numbers and booleans plain.
std::string yamlForm(const ConfigField& field, const std::vector<std::string>& values);
// One element of the above.
std::string yamlScalar(const ConfigField& field, const std::string& value);
// In double quotes, escaped.
std::string inYamlQuotes(std::string_view text);
// Whether the text reads back as itself when written without quotes, in block or flow context.
bool plainIsSafe(std::string_view text);

}  // namespace qat
