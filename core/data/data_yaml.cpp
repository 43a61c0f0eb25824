// Reading of data.yaml, the description of a YOLO data set.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "data/image_set.h"

namespace qat {
namespace {

constexpr int64_t kMaxClasses = 65536;
constexpr uintmax_t kMaxYamlBytes = 16 << 20;

// "file:line: ", or "file: " where there is no line. yaml-cpp counts lines from 0.
std::string placeOf(const fs::path& file, const YAML::Mark& mark) {
    return mark.is_null() ? str(file.string(), ": ") : str(file.string(), ":", mark.line + 1, ": ");
}

std::string placeOf(const fs::path& file, const YAML::Node& node) {
    return placeOf(file, node.IsDefined() ? node.Mark() : YAML::Mark::null_mark());
}

YAML::Node parse(const fs::path& file) {
    const std::string text = readTextFile(file, kMaxYamlBytes);
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

// Where the data or a source may be: as written; then without a leading ../, as labelling services write it; each with
// the separators of Windows replaced.
std::vector<fs::path> placesOf(const fs::path& root, const std::string& written) {
    std::string slashes = written;
    std::ranges::replace(slashes, '\\', '/');
    std::vector<fs::path> places;
    const auto add = [&](const std::string& text) {
        fs::path place = (root / text).lexically_normal();
        if (std::ranges::find(places, place) == places.end()) places.push_back(std::move(place));
    };
    for (const std::string& text : {written, slashes}) {
        add(text);
        if (text.starts_with("../")) add(text.substr(3));
    }
    return places;
}

bool isThere(const fs::path& place) {
    std::error_code error;
    return fs::exists(place, error) || error;  // what may not be looked at is there
}

// What leads to nothing stays as written: a source may be elsewhere, and says else where it was looked for.
fs::path rootOf(const fs::path& file, const YAML::Node& path) {
    if (!path.IsDefined() || path.IsNull()) return file.parent_path();
    const std::vector<fs::path> places = placesOf(file.parent_path(), textOf(file, path, "path"));
    const auto place = std::ranges::find_if(places, isThere);
    return place != places.end() ? *place : places.front();
}

void addImages(const fs::path& file, const YAML::Node& entry, const char* key, const fs::path& root, ImageSet& set) {
    const std::string name = textOf(file, entry, key);
    require(!name.empty(), ErrorKind::BadInput, placeOf(file, entry), key, " is empty");
    const std::vector<fs::path> places = placesOf(root, name);
    const auto place = std::ranges::find_if(places, isThere);
    std::vector<std::string> tried;
    for (const fs::path& one : places) tried.push_back(one.string());
    require(place != places.end(), ErrorKind::BadInput, placeOf(file, entry), key, " names ",
            joinedWords(tried, " or "), ", and nothing is there");
    std::error_code error;
    const bool there = fs::exists(*place, error);
    require(there, ErrorKind::BadInput, placeOf(file, entry), key, " names ", place->string(),
            ", which cannot be opened: ", error.message());
    const SourceKind kind = sourceKind(*place);
    require(kind != SourceKind::Nothing && kind != SourceKind::DataYaml, ErrorKind::BadInput, placeOf(file, entry), key,
            " names ", place->string(), ", which is neither a folder, an image list (.txt) nor a picture");
    ImageSet found = findImages(*place, DataSplit::Train);
    set.images.insert(set.images.end(), found.images.begin(), found.images.end());
    set.warnings.insert(set.warnings.end(), found.warnings.begin(), found.warnings.end());
}

// The second of two would win or lose by the reader's habit.
void refuseRepeatedKeys(const fs::path& file, const YAML::Node& root) {
    std::set<std::string> keys;
    for (const auto& entry : root)
        require(!entry.first.IsScalar() || keys.insert(entry.first.Scalar()).second, ErrorKind::BadInput,
                placeOf(file, entry.first), "the key ", entry.first.Scalar(), " stands in the file already");
}

// Numbers of key points that labels have after each box.
int64_t readKeypoints(const fs::path& file, const YAML::Node& shape) {
    if (!shape.IsDefined() || shape.IsNull()) return 0;
    std::vector<int64_t> numbers;
    if (shape.IsSequence())
        for (const auto& entry : shape) numbers.push_back(integerOf(textOf(file, entry, "kpt_shape")).value_or(0));
    const bool sound =
        numbers.size() == 2 && numbers[0] >= 1 && numbers[0] <= 1000 && (numbers[1] == 2 || numbers[1] == 3);
    require(sound, ErrorKind::BadInput, placeOf(file, shape),
            "kpt_shape must be how many key points there are, 1 to 1000, and 2 or 3 numbers of each");
    return numbers[0] * numbers[1];
}

ImageSet readRoot(const fs::path& file, const YAML::Node& root, DataSplit split) {
    require(root.IsMap(), ErrorKind::BadInput, file.string(), ": this file has no keys, a data.yaml was expected");
    refuseRepeatedKeys(file, root);
    ImageSet set;
    set.classNames = readClasses(file, root);
    set.keypointNumbers = readKeypoints(file, root["kpt_shape"]);
    const fs::path base = rootOf(file, root["path"]);
    const char* const key = splitName(split);
    const YAML::Node sources = split == DataSplit::Val && !root[key].IsDefined() ? root["validation"] : root[key];
    require(sources.IsDefined() && !sources.IsNull(), ErrorKind::BadInput, file.string(), ": the key ", key,
            " is missing");
    if (sources.IsSequence()) {
        require(sources.size() > 0, ErrorKind::BadInput, placeOf(file, sources), key, " is empty");
        for (const auto& source : sources) addImages(file, source, key, base, set);
    } else {
        addImages(file, sources, key, base, set);
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
