// Writes a configuration in full, section by section in the order of the table.
#include "base/error.h"
#include "config/config_io.h"
#include "config/fields.h"
#include "config/slot.h"

namespace qat {
namespace {

constexpr size_t kStep = 2;

// Writes the rows of one object; prints a section's key when the first key below it comes.
template <class Root>
class RowWriter {
public:
    RowWriter(std::string& out, Root& root, size_t indent) : m_out(out), m_root(root), m_indent(indent) {}

    void write(const FieldRow<Root>& row) {
        const auto values = slotValues(row.slot(m_root));
        if (!values) return;
        const std::string& path = row.info.path;
        const size_t last = path.rfind('.');
        enter(last == std::string::npos ? "" : path.substr(0, last));
        const std::string name = last == std::string::npos ? path : path.substr(last + 1);
        line(m_depth, name + ": " + yamlForm(row.info, *values));
    }

private:
    void line(size_t depth, const std::string& text) {
        m_out += std::string(m_indent + depth * kStep, ' ') + text + "\n";
    }
    // Opens what the new section has beyond the current one.
    void enter(const std::string& section) {
        if (section == m_section) return;
        m_depth = 0;
        for (size_t start = 0; start < section.size(); ++m_depth) {
            const size_t end = std::min(section.find('.', start), section.size());
            const std::string opened = section.substr(0, end);
            if (m_section != opened && !m_section.starts_with(opened + "."))
                line(m_depth, section.substr(start, end - start) + ":");
            start = end + 1;
        }
        m_section = section;
    }

    std::string& m_out;
    Root& m_root;
    size_t m_indent;
    std::string m_section;
    size_t m_depth = 0;
};

template <class Entry>
void writeEntries(std::string& out, std::string_view path, std::vector<Entry>& entries,
                  const std::vector<FieldRow<Entry>>& rows) {
    const std::string name(path.substr(path.rfind('.') + 1));
    out += std::string(kStep, ' ') + name + (entries.empty() ? ": []\n" : ":\n");
    for (Entry& entry : entries) {
        const size_t start = out.size();
        RowWriter<Entry> writer(out, entry, 3 * kStep);
        for (const auto& row : rows) writer.write(row);
        out[start + 2 * kStep] = '-';  // the pattern, which every entry has, comes first
    }
}

}  // namespace

std::string writeConfig(const Config& config) {
    Config copy = config;  // slots point to what may be written
    std::string out;
    RowWriter<Config> writer(out, copy, 0);
    const auto& rows = configRows();
    for (size_t i = 0; i < rows.size(); ++i) {
        writer.write(rows[i]);
        const std::string& section = rows[i].info.section;
        if (i + 1 < rows.size() && rows[i + 1].info.section == section) continue;
        if (section == "quantization")
            writeEntries(out, kLayerConfigsPath, copy.quantization.layerConfigs, layerRows());
        if (section == "qat_params") writeEntries(out, kFusionPatternsPath, copy.qat.fusionPatterns, fusionRows());
    }
    return out;
}

}  // namespace qat
