// A walk that knows the folders it is in, and when to give up.
#include "data/folder_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "data/image_file.h"

namespace qat {
namespace {

constexpr uint64_t kFreeEntries = 200'000;  // looked at in any case
constexpr uint64_t kEntriesAPicture = 20;   // and for each picture found: labels, other sizes, notes
constexpr uint64_t kFreeRepeats = 10'000;   // entries that links lead to again, in any case
constexpr uint64_t kRepeatsAnEntry = 32;    // and for each entry, on average: doubling at every link has no end

constexpr std::array<std::string_view, 5> kForeignFolders{"__MACOSX", "$RECYCLE.BIN", "System Volume Information",
                                                          "@eaDir", "lost+found"};

bool isHidden(std::string_view name) {
    return name.starts_with('.');
}

class Walk {
public:
    Walk(const fs::path& top, std::vector<std::string>& warnings) : m_top(top), m_warnings(warnings) {}
    std::vector<fs::path> pictures() {
        enter(m_top);
        return std::move(m_found);
    }

private:
    using Identity = std::pair<dev_t, ino_t>;

    // Every folder is entered by a stat of its own: a link and its target are the same.
    void enter(const fs::path& folder) {
        struct stat info {};
        if (::stat(folder.c_str(), &info) != 0) return unsearchable(folder, {errno, std::generic_category()});
        const Identity identity{info.st_dev, info.st_ino};
        if (std::ranges::find(m_inside, identity) != m_inside.end()) return;
        const int visit = ++m_visits[identity];
        const bool within = std::exchange(m_again, m_again || visit > 1);
        const size_t before = m_found.size();
        m_inside.push_back(identity);
        search(folder);
        m_inside.pop_back();
        m_again = within;
        if (visit == 2 && !within && m_found.size() > before)
            m_warnings.push_back(
                str(folder.string(), " is also reached by another path, so its pictures count more ", "than once"));
    }

    void search(const fs::path& folder) {
        std::error_code error;
        auto entry = fs::directory_iterator(folder, error);
        for (; !error && entry != fs::directory_iterator(); entry.increment(error)) see(*entry);
        if (error) unsearchable(folder, error);
    }

    void see(const fs::directory_entry& entry) {
        ++m_entries;
        m_repeated += m_again ? 1 : 0;
        require(m_repeated <= kFreeRepeats + kRepeatsAnEntry * (m_entries - m_repeated), ErrorKind::BadInput,
                "links below ", m_top.string(), " lead to the same folders over and over, the last time to ",
                entry.path().parent_path().string());
        require(m_entries <= kFreeEntries + kEntriesAPicture * m_found.size(), ErrorKind::BadInput, m_top.string(),
                " holds more than ", m_entries - 1, " files and folders, of which ", m_found.size(),
                " are pictures: name the folder of the pictures");
        const fs::path& path = entry.path();
        const std::string name = path.filename().string();
        if (isByproduct(name)) return;
        std::error_code error;
        const fs::file_status status = entry.status(error);
        if (fs::is_directory(status)) {
            if (std::ranges::find(kForeignFolders, name) == kForeignFolders.end()) enter(path);
        } else if (status.type() == fs::file_type::not_found) {
            m_warnings.push_back(str(path.string(), " is a link to something that is not there"));
        } else if (isImagePath(path) && (error || fs::is_regular_file(status))) {
            m_found.push_back(path);
        }
    }

    void unsearchable(const fs::path& folder, std::error_code error) {
        const std::string sentence = str("cannot search ", folder.string(), " for pictures: ", error.message());
        require(folder != m_top, ErrorKind::BadInput, sentence);
        m_warnings.push_back(sentence);
    }

    const fs::path m_top;
    std::vector<std::string>& m_warnings;
    std::vector<fs::path> m_found;
    std::vector<Identity> m_inside;
    std::map<Identity, int> m_visits;
    bool m_again = false;  // in a folder that was searched before, or below one
    uint64_t m_entries = 0, m_repeated = 0;
};

}  // namespace

bool isByproduct(const fs::path& name) {
    const std::string text = name.filename().string();
    return isHidden(text) || text.ends_with('~') || text == "Thumbs.db" || text == "desktop.ini";
}

std::vector<fs::path> picturesBelow(const fs::path& folder, std::vector<std::string>& warnings) {
    return Walk(folder, warnings).pictures();
}

}  // namespace qat
