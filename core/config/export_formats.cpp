// Questions to the table.
#include "config/export_formats.h"

namespace qat {

std::string sharedExportFile(std::span<const std::string> formats) {
    for (size_t i = 0; i < formats.size(); ++i)
        for (size_t j = 0; j < i; ++j) {
            const ExportFormat *later = findExportFormat(formats[i]), *earlier = findExportFormat(formats[j]);
            if (later && earlier && later != earlier && !later->file.empty() && later->file == earlier->file)
                return formats[j] + " and " + formats[i] + " are both written to " + std::string(later->file);
        }
    return "";
}

std::vector<std::string> exportFormatKeys() {
    std::vector<std::string> keys;
    for (const ExportFormat& format : kExportFormats) keys.emplace_back(format.key);
    return keys;
}

std::vector<std::string> writtenFormatKeys() {
    std::vector<std::string> keys;
    for (const ExportFormat& format : kExportFormats)
        if (!format.file.empty()) keys.emplace_back(format.key);
    return keys;
}

}  // namespace qat
