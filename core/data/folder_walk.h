// The pictures of a folder and everything below it, links included.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"

namespace qat {

// What editors, operating systems and archives leave beside pictures, and no data set means: hidden names, backups that
// end in ~, Thumbs.db and desktop.ini.
bool isByproduct(const fs::path& name);

// Links are followed, and paths are those by which the pictures were reached, as labels are looked for along them. A
// link back to a folder that one is in is left out, as are by-products and folders of by-products (__MACOSX and the
// like). Adds a warning for each folder that may not be searched, each link to nothing, and each folder that is reached
// by several paths, whose pictures are found once by each. Throws Error{BadInput} if the folder itself cannot be
// searched, for one that holds over 200,000 entries with hardly a picture among them, and where links lead to the same
// folders so often that there is no end to it.
std::vector<fs::path> picturesBelow(const fs::path& folder, std::vector<std::string>& warnings);

}  // namespace qat
