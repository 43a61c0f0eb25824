// Random edits over the files that come with the program and the examples of the guide: each changes the one value and
// the bytes of that value, nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/random.h"
#include "config/config_io.h"
#include "guide_snippets.h"
#include "sample_values.h"

namespace qat {
namespace {

std::vector<std::string> texts() {
    std::vector<std::string> found;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(QAT_CONFIGS_FOLDER))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files) found.push_back(readFile(file));
    const auto& snippets = test::guideSnippets();
    for (size_t i = snippets.size() - 3; i < snippets.size(); ++i) found.push_back(snippets[i].text);
    return found;
}

struct Edit {
    std::string path, value;
};

// A key of the table, or of an entry that the text has.
Edit randomEdit(const Config& config, Random& random) {
    const auto& entries = config.quantization.layerConfigs;
    const bool inEntry = !entries.empty() && random.below(3) == 0;
    const auto& fields = inEntry ? layerConfigFields() : configFields();
    const ConfigField& field = fields[static_cast<size_t>(random.below(static_cast<int64_t>(fields.size())))];
    const int variant = static_cast<int>(random.below(2));
    if (!inEntry) return {field.path, test::otherValue(field, variant)};
    const auto index = random.below(static_cast<int64_t>(entries.size()));
    const std::string value =
        field.path == "pattern" ? (variant ? "^a\\.b$" : "cv[12]") : test::otherValue(field, variant);
    return {"quantization.layer_configs[" + std::to_string(index) + "]." + field.path, value};
}

// What a name stands for where nobody states it: another one asks for other values.
bool followsFrom(const std::string& key, const std::string& edited) {
    const bool names = edited == "model.architecture" || edited == "model.variant" || edited == "data.path";
    return names && (key == "model.variant" || key == "data.imgsz" || key == "quantization.default_qconfig" ||
                     key == "qat_params.fuse_modules");
}

// Bytes of `a` between what both texts begin and end with.
size_t changedBytes(const std::string& a, const std::string& b) {
    const size_t shorter = std::min(a.size(), b.size());
    size_t front = 0, back = 0;
    while (front < shorter && a[front] == b[front]) ++front;
    while (back < shorter - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
    return a.size() - front - back;
}

TEST(RandomEdits, FiveHundredChangeOneValueAndItsBytesOnly) {
    Random random(42);
    const auto originals = texts();
    auto current = originals;
    for (int i = 0; i < 500; ++i) {
        const auto which = static_cast<size_t>(random.below(static_cast<int64_t>(current.size())));
        const std::string before = current[which];
        const Config config = readConfig(before).config;
        const Edit edit = randomEdit(config, random);
        const ConfigValueAt old = configValueAt(before, edit.path);
        const std::string after = setConfigValue(before, edit.path, edit.value);
        for (const ConfigDifference& d : diffConfigs(config, readConfig(after).config))
            EXPECT_TRUE(d.key == edit.path || followsFrom(d.key, edit.path)) << d.key << "\n" << after;
        EXPECT_EQ(configValueAt(after, edit.path).value, edit.value) << edit.path;
        // Of the old text at most the old value and its quotes go; a key that was not there takes nothing away.
        EXPECT_LE(changedBytes(before, after), old.line > 0 ? old.value.size() + 8 : 0) << edit.path << "\n"
                                                                                        << before << "\n---\n"
                                                                                        << after;
        current[which] = i % 50 == 49 ? originals[which] : after;  // some start again, others grow
    }
}

}  // namespace
}  // namespace qat
