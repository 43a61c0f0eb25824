// Memory that a container leaves, read from files like the kernel's.
#include "session/machine_room.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/assets.h"

namespace qat::test {
namespace {

class MachineRoom : public testing::Test {
protected:
    const ScratchFolder scratch;
    const int64_t free = availableMemory((scratch.path() / "none/").string());  // without a container

    void write(const std::string& name, const std::string& text) const {
        makeWritableFolder((scratch.path() / name).parent_path());
        writeFileAtomic(scratch.path() / name, text);
    }
    int64_t available() const { return availableMemory(scratch.path().string() + "/"); }
};

// What the kernel keeps of files makes room when asked, so it is not in use.
TEST_F(MachineRoom, AContainerLeavesItsLimitLessWhatIsInUse) {
    ASSERT_GT(free, 64 << 20);
    write("memory.max", "30000000\n");
    write("memory.current", "25000000\n");
    write("memory.stat", "anon 1\ninactive_file 4000000\nactive_file 1000000\n");
    EXPECT_EQ(available(), 10000000);
    write("memory.current", "99000000\n");
    EXPECT_EQ(available(), 0) << "never below nothing";
    write("memory.max", "max\n");
    EXPECT_GT(available(), 64 << 20) << "no limit";
}

TEST_F(MachineRoom, TheOlderVersionOfControlGroupsIsReadToo) {
    write("memory/memory.limit_in_bytes", "30000000\n");
    write("memory/memory.usage_in_bytes", "25000000\n");
    write("memory/memory.stat", "inactive_file 7\ntotal_inactive_file 2000000\ntotal_active_file 0\n");
    EXPECT_EQ(available(), 7000000);
}

}  // namespace
}  // namespace qat::test
