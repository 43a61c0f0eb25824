// Settings that are read but not acted on: export formats that are known by name only.
#include "base/error.h"
#include "config/export_formats.h"
#include "config/lint.h"

namespace qat {
namespace {

constexpr std::string_view kFormats = "export.formats";

}  // namespace

void lintSupport(const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues) {
    for (const ExportFormat& format : kExportFormats) {
        if (!format.file.empty()) continue;
        const StatedValue* first = nullptr;
        size_t others = 0;
        for (const StatedValue& value : stated) {
            if (value.path != kFormats || value.text != format.key) continue;
            if (first)
                ++others;
            else
                first = &value;
        }
        if (!first) continue;
        std::string message =
            str(kFormats, " holds ", format.key, ", but this version writes no ", format.name, " file");
        if (others > 0) message += str(" (also in ", others, others == 1 ? " other place)" : " other places)");
        issues.push_back({Severity::Warning, first->place.line, first->place.column, first->path, std::move(message)});
    }
}

}  // namespace qat
