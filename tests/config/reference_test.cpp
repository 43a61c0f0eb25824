// Keeps resources/docs/config-reference.md true: it is what the field table says, word for word.
// To renew it after a change: QATELIER_WRITE_REFERENCE=1 test_config --gtest_filter='ConfigReference.*'
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/files.h"
#include "config/config_io.h"
#include "config/fields.h"
#include "config/other_keys.h"

namespace qat::test {
namespace {

using Kind = ConfigField::Kind;

std::string numberText(double value) {
    std::array<char, 64> text;
    const bool whole = value == std::floor(value);
    std::snprintf(text.data(), text.size(), whole ? "%.0f" : "%g", value);
    return text.data();
}

std::string choiceText(const ConfigField& field) {
    std::string text;
    for (const std::string& choice : field.choices) text += (text.empty() ? "" : ", ") + choice;
    return field.pattern.empty() ? text : text + ", " + field.patternName;
}

std::string valuesText(const ConfigField& field) {
    const std::string range = numberText(field.minimum) + " to " + numberText(field.maximum);
    switch (field.kind) {
        case Kind::Boolean:
            return "true, false";
        case Kind::Integer:
            return "whole number, " + range;
        case Kind::Real:
            return "number, " + range;
        case Kind::Choice:
            return choiceText(field);
        case Kind::Path:
            return "path";
        case Kind::Text:
            return "text";
        case Kind::List:
            break;
    }
    if (!field.choices.empty()) return "list of " + choiceText(field);
    if (field.fractions) return "list of numbers, " + range;
    return field.maximum > field.minimum ? "list of whole numbers, " + range : "list of texts";
}

std::string defaultText(const ConfigField& field) {
    return field.defaultValue.empty() ? "" : "`" + field.defaultValue + "`";
}

std::string table(const std::vector<ConfigField>& fields, std::string_view section) {
    std::string text = "| Key | Values | Default | Meaning |\n|---|---|---|---|\n";
    for (const ConfigField& field : fields)
        if (section.empty() || field.section == section)
            text += "| `" + field.path + "` | " + valuesText(field) + " | " + defaultText(field) + " | " + field.help +
                    " |\n";
    return text;
}

// Values whose only effect is a warning that this version does something else, as the reader words it.
std::string gaps() {
    std::string text;
    for (const ConfigField& field : configFields()) {
        const bool list = field.kind == Kind::List;
        for (const std::string& choice :
             field.kind == Kind::Boolean ? std::vector<std::string>{"true"} : field.choices) {
            const std::string stated = setConfigValue("", field.path, list ? "[" + choice + "]" : choice);
            for (const ConfigIssue& issue : readConfig(stated).issues)
                if (issue.key == field.path && issue.message.find("this version") != std::string::npos)
                    text += "- " + issue.message + "\n";
        }
    }
    return text;
}

// Keys of the classifiers' guide.
std::string others() {
    std::string text = "| Key | What it is here |\n|---|---|\n";
    for (const OtherKeyHelp& key : otherKeys()) text += "| `" + key.path + "` | " + key.meaning + " |\n";
    return text;
}

// What no single value shows; to be shortened as the program comes to act on more.
constexpr const char* kRemarks =
    "\n## Remarks\n\n"
    "- A convolution and its activation are quantized as one unit, after the activation. Where a fusion pattern "
    "names\n"
    "  `[conv, bn]` without an activation the result of the convolution is quantized too: see part 7 of the guide.\n"
    "- mAP is always measured, whether `analysis.metrics` names it or not; the other names choose columns of the layer "
    "errors.\n"
    "- Calibration takes its images from the training split in an order drawn with `run.seed`.\n"
    "- The last convolutions of the detection head keep at least 8 bits and the image itself 8 bits, unless a pattern\n"
    "  sets their widths; the box distribution (DFL) and the decoding of boxes stay in floating point.\n"
    "- Activations that carry the same numbers (inputs of a concatenation or an addition, pooling, resizing, "
    "splitting)\n"
    "  share one grid, which has the most bits that any of its readers asks for.\n"
    "- `data.path` may be a YOLO data.yaml, an image list (.txt), a folder of images, one image, or\n"
    "  `shapes[:key=value,...]` with the keys train, val, size and seed. Only a data.yaml and shapes have two splits.\n"
    "- `model.architecture` is a family or the path of a table of layers (.yaml, .yml), see the guide.\n"
    "- `model.pretrained_path` may be a .pt, .pth, .th or .safetensors file, a run folder, or a bundled detector of\n"
    "  the synthetic shapes: `builtin:shapes`, or `builtin:shapes26`, whose head needs no suppression.\n";

std::string referenceText() {
    std::string text =
        "# Configuration reference\n\n"
        "Every key of a `qat_config.yaml`. All may be left out and then have their default. Relative paths are "
        "relative\n"
        "to the file. `qatelier-cli check FILE` names everything that is wrong with a file, with line and column, and\n"
        "shows which layers each pattern matches; `--set key.path=value` changes a key for one run.\n";
    std::string section;
    for (const ConfigField& field : configFields()) {
        if (field.section == section) continue;
        section = field.section;
        text += "\n## " + section + "\n\n" + table(configFields(), section);
    }
    text +=
        "\n## Entries of quantization.layer_configs\n\n"
        "A list; each entry changes the layers its pattern matches. The pattern is a regular expression (RE2 syntax)\n"
        "searched in the name of a layer and in its aliases. Later entries win over earlier ones, key by key; a key\n"
        "that is left out falls through to earlier entries and then to the sections above.\n\n" +
        table(layerConfigFields(), "") + "\n## Entries of qat_params.fusion_patterns\n\n" +
        [] {
            std::vector<ConfigField> fields;
            for (const auto& row : fusionRows()) fields.push_back(row.info);
            return table(fields, "");
        }() +
        "\n## Keys of the classifiers' guide\n\n"
        "A configuration of a classifier may use these keys; each says what a key above says, in its words. "
        "`qatelier-cli\n"
        "check FILE` tells what each of them means in that file. A file that says the same with both is refused.\n\n" +
        others() +
        "\n## Read, but not acted on\n\n"
        "These settings are accepted so that existing files load. The reader warns about each:\n\n" +
        gaps() + kRemarks;
    return text;
}

TEST(ConfigReference, SaysWhatTheFieldTableSays) {
    const std::filesystem::path file = std::filesystem::path(QAT_DOCS_FOLDER) / "config-reference.md";
    const std::string expected = referenceText();
    if (std::getenv("QATELIER_WRITE_REFERENCE")) writeFileAtomic(file, expected);
    EXPECT_EQ(readFile(file), expected) << "renew the file as the head of this test says";
}

}  // namespace
}  // namespace qat::test
