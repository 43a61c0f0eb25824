// Image lists, and which of the readers a path is for.
#include "data/image_set.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "data/folder_walk.h"
#include "data/image_file.h"

namespace qat {
namespace {

constexpr uintmax_t kMaxListBytes = 512 << 20;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n\f\v";
    const size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// As written; if nothing is there, with the separators of Windows replaced.
fs::path placeOf(const fs::path& folder, std::string name) {
    fs::path place = (folder / name).lexically_normal();
    std::error_code error;
    if (name.find('\\') == std::string::npos || fs::exists(place, error)) return place;
    std::ranges::replace(name, '\\', '/');
    return (folder / name).lexically_normal();
}

}  // namespace

std::vector<fs::path> imagesInList(const fs::path& list) {
    const std::string text = readTextFile(list, kMaxListBytes);
    TextLines lines(text);
    std::vector<fs::path> images;
    for (std::string_view line; lines.next(line);) {
        const std::string name(trimmed(line));
        if (name.empty()) continue;
        const fs::path image = placeOf(list.parent_path(), name);
        const bool sideFile = image.filename().string().starts_with("._");  // of macOS, named like a picture
        if (sideFile || (isByproduct(image) && !isImagePath(image))) continue;
        require(isImagePath(image), ErrorKind::BadInput, list.string(), ":", lines.number(), ": ", name,
                " is not the name of a picture");
        std::error_code error;
        const bool there = fs::is_regular_file(image, error);
        const bool unknown = error && error != std::errc::no_such_file_or_directory;
        require(there, ErrorKind::BadInput, list.string(), ":", lines.number(), ": there is no picture at ",
                image.string(), unknown ? str(" (", error.message(), ")") : "");
        images.push_back(image);
    }
    return images;
}

SourceKind sourceKind(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    const std::string ending = path.extension().string();
    if (fs::is_directory(status)) return SourceKind::Folder;
    if (!fs::exists(status)) return SourceKind::Nothing;
    if (ending == ".yaml" || ending == ".yml") return SourceKind::DataYaml;
    if (ending == ".txt") return SourceKind::List;
    return isImagePath(path) ? SourceKind::Picture : SourceKind::Nothing;
}

ImageSet findImages(const fs::path& path, DataSplit split) {
    std::error_code error;
    const bool exists = fs::exists(path, error);
    require(!error, ErrorKind::BadInput, "cannot open ", path.string(), ": ", error.message());
    require(exists, ErrorKind::BadInput, "there is no file or folder ", path.string());
    ImageSet set;
    switch (sourceKind(path)) {
        case SourceKind::Folder:
            set.images = picturesBelow(path, set.warnings);
            break;
        case SourceKind::DataYaml:
            set = readDataYaml(path, split);
            break;
        case SourceKind::List:
            set.images = imagesInList(path);
            break;
        case SourceKind::Picture:
            set.images = {path};
            break;
        case SourceKind::Nothing:
            fail(ErrorKind::BadInput, path.string(),
                 " is neither a data.yaml, an image list (.txt), a folder nor a picture");
    }
    std::sort(set.images.begin(), set.images.end(),
              [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
    return set;
}

}  // namespace qat
