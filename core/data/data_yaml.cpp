// Reading of data.yaml, the description of a YOLO data set.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "data/image_file.h"
#include "data/image_set.h"

namespace qat {
namespace {

constexpr int64_t kMaxClasses = 65536;
constexpr uintmax_t kMaxFileBytes = 16 << 20;

// "file:line: ", or "file: " where there is no line. yaml-cpp counts lines from 0.
std::string placeOf(const fs::path& file, const YAML::Mark& mark) {
    return mark.is_null() ? str(file.string(), ": ") : str(file.string(), ":", mark.line + 1, ": ");
}

std::string placeOf(const fs::path& file, const YAML::Node& node) {
    return placeOf(file, node.IsDefined() ? node.Mark() : YAML::Mark::null_mark());
}

YAML::Node parse(const fs::path& file) {
    const std::string text = readTextFile(file, kMaxFileBytes);
    try {
        return YAML::Load(text);
    } catch (const YAML::Exception& error) {
        fail(ErrorKind::BadInput, placeOf(file, error.mark), "not valid YAML: ", error.msg);
    }
}

std::string textOf(const fs::path& file, const YAML::Node& node, const char* key) {
    require(node.IsScalar(), ErrorKind::BadInput, placeOf(file, node), key, " must be a plain text");
    return node.Scalar();
}

std::optional<int64_t> integerOf(const std::string& text) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::vector<std::string> readNames(const fs::path& file, const YAML::Node& names) {
    require(names.IsSequence() || names.IsMap(), ErrorKind::BadInput, placeOf(file, names),
            "names must be a list or a table of class number and name");
    require(names.size() <= kMaxClasses, ErrorKind::BadInput, placeOf(file, names), "names has more than ", kMaxClasses,
            " classes");
    std::vector<std::string> result(names.size());
    if (names.IsSequence()) {
        for (size_t i = 0; i < names.size(); ++i) result[i] = textOf(file, names[i], "a class name");
        return result;
    }
    std::vector<bool> seen(names.size());
    for (const auto& entry : names) {
        const auto index = integerOf(textOf(file, entry.first, "a class number"));
        require(
            index && *index >= 0 && *index < static_cast<int64_t>(seen.size()) && !seen[static_cast<size_t>(*index)],
            ErrorKind::BadInput, placeOf(file, entry.first), "names must number its ", seen.size(),
            " classes from 0 without gaps or repetition, and ", entry.first.Scalar(), " does not fit");
        seen[static_cast<size_t>(*index)] = true;
        result[static_cast<size_t>(*index)] = textOf(file, entry.second, "a class name");
    }
    return result;
}

// names, or nc made-up ones; both must agree where both stand.
std::vector<std::string> readClasses(const fs::path& file, const YAML::Node& root) {
    const YAML::Node names = root["names"], nc = root["nc"];
    require(names.IsDefined() || nc.IsDefined(), ErrorKind::BadInput, file.string(),
            ": neither names nor nc says which classes there are");
    std::optional<int64_t> count;
    if (nc.IsDefined()) {
        count = integerOf(textOf(file, nc, "nc"));
        require(count && *count >= 1 && *count <= kMaxClasses, ErrorKind::BadInput, placeOf(file, nc),
                "nc must be a number from 1 to ", kMaxClasses);
    }
    std::vector<std::string> result;
    if (names.IsDefined())
        result = readNames(file, names);
    else
        for (int64_t i = 0; i < *count; ++i) result.push_back(str("class_", i));
    require(!result.empty(), ErrorKind::BadInput, placeOf(file, names), "names is empty");
    require(!count || *count == static_cast<int64_t>(result.size()), ErrorKind::BadInput, placeOf(file, nc), "nc is ",
            count.value_or(0), " but names has ", result.size(), " classes");
    return result;
}

void addImages(const fs::path& file, const YAML::Node& entry, const char* key, const fs::path& root,
               std::vector<fs::path>& images) {
    const fs::path source = (root / textOf(file, entry, key)).lexically_normal();
    std::error_code error;
    const fs::file_status status = fs::status(source, error);
    std::vector<fs::path> found;
    if (fs::is_directory(status))
        found = imagesInFolder(source);
    else if (fs::is_regular_file(status) && isImagePath(source))
        found = {source};
    else if (fs::is_regular_file(status) && source.extension() == ".txt")
        found = imagesInList(source);
    else
        fail(ErrorKind::BadInput, placeOf(file, entry), key, " names ", source.string(),
             ", which is neither a folder, an image list (.txt) nor a picture");
    images.insert(images.end(), found.begin(), found.end());
}

ImageSet readRoot(const fs::path& file, const YAML::Node& root, DataSplit split) {
    require(root.IsMap(), ErrorKind::BadInput, file.string(), ": this file has no keys, a data.yaml was expected");
    ImageSet set;
    set.classNames = readClasses(file, root);
    fs::path base = file.parent_path();
    if (const YAML::Node path = root["path"]; path.IsDefined() && !path.IsNull()) base /= textOf(file, path, "path");
    const char* const key = splitName(split);
    const YAML::Node sources = root[key];
    require(sources.IsDefined() && !sources.IsNull(), ErrorKind::BadInput, file.string(), ": the key ", key,
            " is missing");
    if (sources.IsSequence()) {
        for (const auto& source : sources) addImages(file, source, key, base, set.images);
    } else {
        addImages(file, sources, key, base, set.images);
    }
    return set;
}

}  // namespace

ImageSet readDataYaml(const fs::path& file, DataSplit split) {
    const YAML::Node root = parse(file);
    try {
        return readRoot(file, root, split);
    } catch (const YAML::Exception& error) {
        fail(ErrorKind::BadInput, placeOf(file, error.mark), error.msg);
    }
}

}  // namespace qat
