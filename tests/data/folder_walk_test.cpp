// Walks that end: too many entries, links into one folder over and over.
#include "data/folder_walk.h"

#include <fcntl.h>
#include <unistd.h>

#include "fixtures.h"
#include "support/assets.h"

namespace qat {
namespace {

void touch(const fs::path& file) {
    const int descriptor = ::creat(file.c_str(), 0600);
    ASSERT_GE(descriptor, 0);
    ::close(descriptor);
}

TEST(FolderWalk, GivesUpWhereHardlyAnythingIsAPicture) {
    const test::ScratchFolder scratch;
    fs::create_directories(scratch.path() / "disk");
    fs::create_directories(scratch.path() / "top");
    for (int i = 0; i < 12'600; ++i) touch(scratch.path() / "disk" / std::to_string(i));
    for (int i = 0; i < 16; ++i) fs::create_directory_symlink("../disk", scratch.path() / "top" / ("link" + std::to_string(i)));
    std::vector<std::string> warnings;
    test::expectError(ErrorKind::BadInput, {"top", "more than 200000 files", "0 are pictures"}, [&] { picturesBelow(scratch.path() / "top", warnings); });
    for (int i = 0; i < 10; ++i) touch(scratch.path() / "disk" / (std::to_string(i) + ".jpg"));
    EXPECT_EQ(picturesBelow(scratch.path() / "top", warnings).size(), 160u) << "each picture allows for some more";
}

TEST(FolderWalk, LinksThatDoubleAtEveryStepEnd) {
    const test::ScratchFolder scratch;
    for (int i = 0; i < 40; ++i) {
        const fs::path folder = scratch.path() / std::to_string(i);
        fs::create_directories(folder);
        for (const char* name : {"left", "right"}) fs::create_directory_symlink("../" + std::to_string(i + 1), folder / name);
    }
    fs::create_directories(scratch.path() / "40");
    std::vector<std::string> warnings;
    test::expectError(ErrorKind::BadInput, {"links below", "more than 16 times"}, [&] { picturesBelow(scratch.path() / "0", warnings); });
    test::expectError(ErrorKind::BadInput, {"cannot search", "No such file"}, [&] { picturesBelow(scratch.path() / "none", warnings); });
}

}  // namespace
}  // namespace qat
