// A configuration from a file, with the overrides of the command line and paths that hold from anywhere.
#include <ctime>

#include "base/error.h"
#include "base/text.h"
#include "config/config_io.h"
#include "config/data_name.h"
#include "config/fields.h"
#include "config/image_size.h"
#include "config/lint.h"
#include "config/names.h"
#include "config/other_keys.h"
#include "config/slot.h"
#include "config/table_name.h"
#include "config/yaml_tree.h"

namespace qat {
namespace {

// Lists may be written without their brackets on a command line.
std::string overrideText(const ConfigField& field, const std::string& value) {
    const bool bare = field.kind == ConfigField::Kind::List && !value.starts_with('[');
    return bare ? "[" + value + "]" : value;
}

bool takesText(const ConfigField& field) {
    using Kind = ConfigField::Kind;
    return field.kind == Kind::Text || field.kind == Kind::Path || field.kind == Kind::Choice;
}

// A key inside an entry of a list: the change is made in the written configuration, whose reader knows all about
// entries.
void applyEntryOverride(Config& config, const std::string& path, const std::string& value) {
    ConfigReading reading = readConfig(setConfigValue(writeConfig(config), path, value));
    for (const ConfigIssue& issue : reading.issues)
        require(issue.severity != Severity::Error, ErrorKind::BadInput, "--set: ", issue.message);
    auto& entries = reading.config.quantization.layerConfigs;
    for (size_t i = 0; i < entries.size(); ++i)  // lines of the written text are nobody's
        entries[i].line = i < config.quantization.layerConfigs.size() ? config.quantization.layerConfigs[i].line : 0;
    reading.config.sources = config.sources;
    config = std::move(reading.config);
}

void applyOverride(Config& config, const std::string& path, const std::string& value) {
    const auto* row = findRow(configRows(), path);
    if (!row && path.find('[') != std::string::npos && findField(path)) return applyEntryOverride(config, path, value);
    if (!row) {
        const size_t dot = path.rfind('.');
        const std::string section = dot == std::string::npos ? "" : path.substr(0, dot);
        fail(ErrorKind::BadInput, "--set: ", excerpt(path), " is not a known key",
             suggestionFor(section, dot == std::string::npos ? path : path.substr(dot + 1)));
    }
    YamlItem item;
    if (takesText(row->info)) {  // a shell has its own quotes, so a text is taken as it is
        auto node = std::make_shared<YamlNode>();
        node->kind = YamlNode::Kind::Scalar;
        node->text = value;
        item.node = std::move(node);
    } else {
        const YamlDocument document = parseYaml(overrideText(row->info, value));
        require(document.failures.empty() && !document.root.node->isNull(), ErrorKind::BadInput, "--set: ", path,
                " is ", value.empty() ? "empty" : excerpt(value), ", which is no value");
        item = document.root;
    }
    if (const auto complaint = assignSlot(row->slot(config), row->info, item))
        fail(ErrorKind::BadInput, "--set: ", path, " is ", complaint->text, adviceFor(path, *item.node));
}

// The first error of the whole configuration after overrides, whose places no longer mean anything.
void checkTogether(const Config& config) {
    std::vector<ConfigIssue> issues;
    lintConfig(config, {}, issues);
    for (const ConfigIssue& issue : issues)
        require(issue.severity != Severity::Error, ErrorKind::BadInput, "--set: ", issue.message);
}

// Names of what travels inside the program are no paths.
bool isBundled(const std::string& model) {
    return model.starts_with("builtin:");
}

void resolve(std::string& path, const fs::path& folder) {
    if (!path.empty() && !isBundled(path)) path = (folder / path).lexically_normal().string();
}

// Paths may hold any bytes, but the run's own configuration, summary and events are text.
void checkPaths(const Config& config, const fs::path& file) {
    for (const std::string* path :
         {&config.model.architecture, &config.model.pretrainedPath, &config.distillation.teacherModel,
          &config.run.output, &config.gate.evidence, &config.data.path})
        require(isUtf8(*path), ErrorKind::BadInput, file.string(), ": the path ", withUtf8Only(*path),
                " is not UTF-8 text, rename its folders and file");
}

// What the reader said about the size of the file, unless the command line gives another.
std::vector<std::string> sizeNotices(const std::vector<ConfigIssue>& issues, const Config& config) {
    std::vector<std::string> notices;
    for (const ConfigIssue& issue : issues)
        if (issue.key == "data.imgsz" && config.sources.of(issue.key) != kCommandLine) notices.push_back(issue.message);
    return notices;
}

// The width of a floating point type is part of the type; what is written of the configuration states both. One that is
// typed must be the type's.
void settleWidths(Config& config) {
    for (const auto& [name, tensor] :
         {std::pair{"weight", &config.quantization.weight}, {"activation", &config.quantization.activation}}) {
        const int bits = floatBits(tensor->dtype);
        if (bits == 0) continue;
        const std::string at = str("quantization.", name, ".");
        require(tensor->bitWidth == bits || config.sources.of(at + "bit_width") != kCommandLine, ErrorKind::BadInput,
                "--set: ", at, "bit_width is ", tensor->bitWidth, ", but ", at, "dtype has ", bits, " bits");
        tensor->bitWidth = bits;
    }
}

}  // namespace

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Settings inOwnWords(const Settings& overrides) {
    Settings own;
    for (const auto& [path, value] : overrides) {
        const auto settings = ownSettings(path, value);
        if (!settings) own.emplace_back(path, value);
        for (const SpelledValue& setting : settings.value_or(std::vector<SpelledValue>{}))
            own.emplace_back(setting.path, setting.value);
    }
    return own;
}

}  // namespace

void resolveConfigPaths(Config& config, const fs::path& folder) {
    if (namesTable(config.model.architecture)) resolve(config.model.architecture, folder);
    resolve(config.model.pretrainedPath, folder);
    resolve(config.distillation.teacherModel, folder);
    resolve(config.run.output, folder);
    resolve(config.gate.evidence, folder);
    config.data.path = withDataPath(config.data.path, [&](const std::string& path) {
        std::string resolved = path;
        resolve(resolved, folder);
        return resolved;
    });
}

Config loadConfig(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& overrides,
                  std::vector<std::string>* notices) {
    ConfigReading reading = readConfig(readTextFile(file, kMaxConfigBytes));
    for (const ConfigIssue& issue : reading.issues) {
        if (issue.severity != Severity::Error) continue;
        fail(ErrorKind::BadInput, file.string(), issue.line > 0 ? str(":", issue.line) : "", ": ", issue.message);
    }
    Config& config = reading.config;
    resolveConfigPaths(config, file.parent_path());
    // After resolving: what is typed on a command line is relative to where it is typed.
    for (const auto& [path, value] : inOwnWords(overrides)) {
        applyOverride(config, path, value);
        config.sources.byKey[path] = kCommandLine;
    }
    settleModel(config);
    settleImageSize(config);
    checkPaths(config, file);
    if (!overrides.empty()) checkTogether(config);
    settleWidths(config);
    const ImageSize side = fittingImageSize(config.data.imgsz, "data.imgsz");
    config.data.imgsz = side.pixels;
    if (notices) *notices = side.notice.empty() ? sizeNotices(reading.issues, config) : std::vector{side.notice};
    return std::move(config);
}

std::filesystem::path newRunFolder(const Config& config, const std::filesystem::path& file) {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    localtime_r(&now, &parts);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &parts);
    return (file.parent_path() / config.run.output / (file.stem().string() + "-" + stamp)).lexically_normal();
}

}  // namespace qat
