// Folder search and image lists, and which of the readers a path is for.
#include "data/image_set.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
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

bool endsWith(const fs::path& path, std::initializer_list<const char*> endings) {
    const std::string ending = path.extension().string();
    return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace

std::vector<fs::path> imagesInFolder(const fs::path& folder) {
    std::vector<fs::path> images;
    std::error_code error;
    const auto options = fs::directory_options::skip_permission_denied;
    auto entry = fs::recursive_directory_iterator(folder, options, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        std::error_code unreadable;
        if (isImagePath(entry->path()) && entry->is_regular_file(unreadable)) images.push_back(entry->path());
    }
    require(!error, ErrorKind::BadInput, "cannot search ", folder.string(), " for pictures: ", error.message());
    return images;
}

std::vector<fs::path> imagesInList(const fs::path& list) {
    const std::string text = readTextFile(list, kMaxListBytes);
    TextLines lines(text);
    std::vector<fs::path> images;
    for (std::string_view line; lines.next(line);) {
        const fs::path name = trimmed(line);
        if (name.empty()) continue;
        require(isImagePath(name), ErrorKind::BadInput, list.string(), ":", lines.number(), ": ", name.string(),
                " is not the name of a picture");
        fs::path image = (list.parent_path() / name).lexically_normal();
        std::error_code error;
        require(fs::is_regular_file(image, error), ErrorKind::BadInput, list.string(), ":", lines.number(),
                ": there is no picture at ", image.string());
        images.push_back(std::move(image));
    }
    return images;
}

ImageSet findImages(const fs::path& path, DataSplit split) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    require(status.type() != fs::file_type::not_found, ErrorKind::BadInput, "there is no file or folder ", path.string());
    require(fs::exists(status), ErrorKind::Io, "cannot open ", path.string(), ": ", error.message());
    ImageSet set;
    if (fs::is_directory(path, error))
        set.images = imagesInFolder(path);
    else if (endsWith(path, {".yaml", ".yml"}))
        set = readDataYaml(path, split);
    else if (endsWith(path, {".txt"}))
        set.images = imagesInList(path);
    else if (isImagePath(path))
        set.images = {path};
    else
        fail(ErrorKind::BadInput, path.string(),
             " is neither a data.yaml, an image list (.txt), a folder nor a picture");
    std::sort(set.images.begin(), set.images.end(),
              [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
    return set;
}

}  // namespace qat
