// Folders of splits, then folders of classes.
#include "data/class_folders.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "data/folder_walk.h"

namespace qat {
namespace {

std::set<std::string> foldersIn(const fs::path& folder) {
    std::set<std::string> names;
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        std::error_code unknown;
        if (entry->is_directory(unknown) && !isByproduct(entry->path().filename()))
            names.insert(entry->path().filename().string());
    }
    require(!error, ErrorKind::BadInput, "cannot open ", folder.string(), ": ", error.message());
    return names;
}

constexpr std::array kEverySplit{DataSplit::Train, DataSplit::Val, DataSplit::Test};

}  // namespace

ClassifiedImages findClassFolders(const fs::path& folder, DataSplit split) {
    require(sourceKind(folder) == SourceKind::Folder, ErrorKind::BadInput, folder.string(),
            " is no folder of pictures by class");
    const std::set<std::string> inside = foldersIn(folder);
    const auto isThere = [&](DataSplit one) { return inside.contains(splitName(one)); };
    const bool bySplit = std::ranges::any_of(kEverySplit, isThere);
    require(!bySplit || isThere(split), ErrorKind::BadInput, folder.string(), " has no folder ", splitName(split));
    // A class has one number in all splits.
    std::set<std::string> names = bySplit ? std::set<std::string>{} : inside;
    for (const DataSplit one : kEverySplit)
        if (isThere(one)) names.merge(foldersIn(folder / splitName(one)));
    require(!names.empty(), ErrorKind::BadInput, folder.string(), " has no folder for a class");
    require(names.size() > 1, ErrorKind::BadInput, folder.string(), " has one class only, ", *names.begin(),
            ": there is nothing to tell apart");
    ClassifiedImages found;
    found.set.classNames.assign(names.begin(), names.end());
    for (size_t i = 0; i < found.set.classNames.size(); ++i) {
        const fs::path place = (bySplit ? folder / splitName(split) : folder) / found.set.classNames[i];
        std::error_code missing;
        if (!fs::is_directory(place, missing)) continue;
        std::vector<fs::path> images = picturesBelow(place, found.set.warnings);
        std::ranges::sort(images, {}, [](const fs::path& path) { return path.native(); });
        found.set.images.insert(found.set.images.end(), images.begin(), images.end());
        found.classes.resize(found.set.images.size(), static_cast<int32_t>(i));
    }
    return found;
}

}  // namespace qat
