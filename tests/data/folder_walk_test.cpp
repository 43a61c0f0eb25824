// Walks that end: too many entries, links into one folder over and over; and what is said of folders found again.
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
    for (int i = 0; i < 16; ++i)
        fs::create_directory_symlink("../disk", scratch.path() / "top" / ("link" + std::to_string(i)));
    std::vector<std::string> warnings;
    test::expectError(ErrorKind::BadInput, {"top", "more than 200000 files", "0 are pictures"},
                      [&] { picturesBelow(scratch.path() / "top", warnings); });
    for (int i = 0; i < 10; ++i) touch(scratch.path() / "disk" / (std::to_string(i) + ".jpg"));
    EXPECT_EQ(picturesBelow(scratch.path() / "top", warnings).size(), 160u) << "each picture allows for some more";
}

TEST(FolderWalk, LinksThatDoubleAtEveryStepEnd) {
    const test::ScratchFolder scratch;
    for (int i = 0; i < 40; ++i) {
        const fs::path folder = scratch.path() / std::to_string(i);
        fs::create_directories(folder);
        for (const char* name : {"left", "right"})
            fs::create_directory_symlink("../" + std::to_string(i + 1), folder / name);
    }
    fs::create_directories(scratch.path() / "40");
    touch(scratch.path() / "40/a.jpg");
    std::vector<std::string> warnings;
    test::expectError(ErrorKind::BadInput, {"links below", "lead to the same folders over and over"},
                      [&] { picturesBelow(scratch.path() / "0", warnings); });
    test::expectError(ErrorKind::BadInput, {"cannot search", "No such file"},
                      [&] { picturesBelow(scratch.path() / "none", warnings); });
}

// Whoever links to a folder means to have its pictures once more, and is told; the folders in it need no warnings of
// their own.
TEST(FolderWalk, AFolderReachedAgainIsSaidOnce) {
    const test::ScratchFolder scratch;
    fs::create_directories(scratch.path() / "top/real/deep");
    fs::create_directories(scratch.path() / "top/empty");
    touch(scratch.path() / "top/real/a.jpg");
    touch(scratch.path() / "top/real/deep/b.jpg");
    fs::create_directory_symlink("..", scratch.path() / "top/real/circle");
    fs::create_directory_symlink("empty", scratch.path() / "top/nothing");
    std::vector<std::string> warnings;
    EXPECT_EQ(picturesBelow(scratch.path() / "top", warnings).size(), 2u);
    EXPECT_TRUE(warnings.empty()) << warnings.front() << ": nothing is found twice";
    for (int i = 0; i < 20; ++i)
        fs::create_directory_symlink("real", scratch.path() / "top" / ("link" + std::to_string(i)));
    EXPECT_EQ(picturesBelow(scratch.path() / "top", warnings).size(), 42u);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].find(" is also reached by another path, so its pictures count more than once"),
              std::string::npos)
        << warnings[0];
    EXPECT_EQ(warnings[0].find("deep"), std::string::npos) << warnings[0];
}

}  // namespace
}  // namespace qat
