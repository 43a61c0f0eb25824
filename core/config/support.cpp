// Settings that are read but not acted on: the whole list. Delete a row when its feature arrives.
#include <array>

#include "base/error.h"
#include "config/lint.h"

namespace qat {
namespace {

struct Gap {
    std::string_view key;      // end of the dotted path
    std::string_view value;    // as stated in the file
    std::string_view instead;  // what happens, behind "is <value>, but"
};

constexpr std::array kGaps{
    Gap{"export.formats", "tensorrt", "this version writes no TensorRT file"},
    Gap{"export.formats", "tflite", "this version writes no TFLite file"},
    Gap{"export.formats", "openvino", "this version writes no OpenVINO file"},
};

bool concerns(const Gap& gap, const StatedValue& value) {
    if (value.text != gap.value || !value.path.ends_with(gap.key)) return false;
    const size_t before = value.path.size() - gap.key.size();
    return before == 0 || value.path[before - 1] == '.';
}

}  // namespace

void lintSupport(const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues) {
    for (const Gap& gap : kGaps) {
        const StatedValue* first = nullptr;
        size_t others = 0;
        for (const StatedValue& value : stated) {
            if (!concerns(gap, value)) continue;
            if (first)
                ++others;
            else
                first = &value;
        }
        if (!first) continue;
        const bool isList = gap.key == "export.formats";
        std::string message = str(first->path, isList ? " holds " : " is ", gap.value, ", but ", gap.instead);
        if (others > 0) message += str(" (also in ", others, others == 1 ? " other place)" : " other places)");
        issues.push_back({Severity::Warning, first->place.line, first->place.column, first->path, std::move(message)});
    }
}

}  // namespace qat
