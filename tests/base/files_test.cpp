// Whole files: atomic writing keeps the old content through every failure, reading and mapping report what is wrong.
#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "base/error.h"
#include "support/assets.h"

namespace qat {
namespace {

template <class Work>
Error errorOf(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no error was thrown";
    return {ErrorKind::Internal, ""};
}

bool contains(const Error& error, const std::string& text) {
    return std::string(error.what()).find(text) != std::string::npos;
}

size_t entriesOf(const fs::path& folder) {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// Lets files grow to `bytes` only, as a full disk does, without touching a disk.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : m_handler(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &m_before);
        const rlimit limit{bytes, m_before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &m_before);
        std::signal(SIGXFSZ, m_handler);
    }

private:
    void (*m_handler)(int);
    rlimit m_before{};
};

TEST(Files, HalfWrittenOnesAreRemovedAndNothingElse) {
    const test::ScratchFolder scratch;
    fs::create_directories(scratch.path() / "weights");
    for (const char* name : {"a.json.tmp123", "weights/b.safetensors.tmp7", "a.json", "notes.tmp", "weights/c.tmpx1"})
        writeFileAtomic(scratch.path() / name, "text");
    removeHalfWritten(scratch.path());
    EXPECT_FALSE(fs::exists(scratch.path() / "a.json.tmp123"));
    EXPECT_FALSE(fs::exists(scratch.path() / "weights/b.safetensors.tmp7"));
    for (const char* name : {"a.json", "notes.tmp", "weights/c.tmpx1"}) EXPECT_TRUE(fs::exists(scratch.path() / name)) << name;
}

TEST(Files, WrittenBytesComeBack) {
    const test::ScratchFolder folder;
    const fs::path file = folder.path() / "a.bin";
    std::string bytes(100000, '\0');
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
    writeFileAtomic(file, bytes);
    EXPECT_EQ(readFile(file), bytes);
    writeFileAtomic(file, "");
    EXPECT_EQ(readFile(file), "");
    EXPECT_EQ(entriesOf(folder.path()), 1u);
}

TEST(Files, OldFileSurvivesAWriteThatRunsOutOfSpace) {
    const test::ScratchFolder folder;
    const fs::path file = folder.path() / "a.bin";
    writeFileAtomic(file, "old");
    const std::string large(1 << 20, 'x');
    {
        const FileSizeLimit limit(4096);
        const Error error = errorOf([&] { writeFileAtomic(file, large); });
        EXPECT_EQ(error.kind(), ErrorKind::Io);
        EXPECT_TRUE(contains(error, file.string())) << error.what();
        EXPECT_TRUE(contains(error, std::strerror(EFBIG))) << error.what();
    }
    EXPECT_EQ(readFile(file), "old");
    EXPECT_EQ(entriesOf(folder.path()), 1u) << "the half-written file is left behind";
}

TEST(Files, OldFileSurvivesAFullDisk) {
    const test::ScratchFolder folder;
    const fs::path file = folder.path() / "a.bin";
    writeFileAtomic(file, "old");
    // The bytes go to this name first; the link sends them to the device that is always full.
    fs::create_symlink("/dev/full", folder.path() / ("a.bin.tmp" + std::to_string(::getpid())));
    const Error error = errorOf([&] { writeFileAtomic(file, "new"); });
    EXPECT_EQ(error.kind(), ErrorKind::Io);
    EXPECT_TRUE(contains(error, file.string())) << error.what();
    EXPECT_TRUE(contains(error, std::strerror(ENOSPC))) << error.what();
    EXPECT_EQ(readFile(file), "old");
    EXPECT_EQ(entriesOf(folder.path()), 1u);
}

TEST(Files, WritingWhereNothingCanBeWrittenIsAnIoError) {
    const test::ScratchFolder folder;
    writeFileAtomic(folder.path() / "file", "content");
    fs::create_directory(folder.path() / "folder");
    const fs::path impossible[] = {folder.path() / "file" / "below.txt", folder.path() / "missing" / "a.txt",
                                   folder.path() / "folder"};
    for (const fs::path& path : impossible) {
        const Error error = errorOf([&] { writeFileAtomic(path, "x"); });
        EXPECT_EQ(error.kind(), ErrorKind::Io);
        EXPECT_TRUE(contains(error, path.string())) << error.what();
    }
    EXPECT_EQ(entriesOf(folder.path()), 2u);
}

// Permissions do not bind the superuser: becomes somebody else for a while.
class OrdinaryUser {
public:
    OrdinaryUser() : m_before(::geteuid()) {
        if (m_before == 0) {
            EXPECT_EQ(::seteuid(65534), 0);
        }
    }
    ~OrdinaryUser() { EXPECT_EQ(::seteuid(m_before), 0); }

private:
    uid_t m_before;
};

TEST(Files, FolderWithoutWritePermissionIsRefused) {
    const test::ScratchFolder folder;
    const fs::path locked = folder.path() / "locked";
    fs::create_directory(locked);
    fs::permissions(folder.path(), fs::perms::owner_all | fs::perms::others_exec);
    fs::permissions(locked,
                    fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
    {
        const OrdinaryUser user;
        for (const auto& write : {std::function<void()>([&] { makeWritableFolder(locked); }),
                                  {[&] { makeWritableFolder(locked / "below"); }},
                                  {[&] { writeFileAtomic(locked / "a", "x"); }}}) {
            const Error error = errorOf(write);
            EXPECT_EQ(error.kind(), ErrorKind::Io);
            EXPECT_TRUE(contains(error, locked.string()) && contains(error, std::strerror(EACCES))) << error.what();
        }
    }
    fs::permissions(locked, fs::perms::owner_all);
}

TEST(Files, WritableFolderIsMadeWithItsParents) {
    const test::ScratchFolder folder;
    const fs::path deep = folder.path() / "a" / "b" / "c";
    makeWritableFolder(deep);
    makeWritableFolder(deep);
    EXPECT_TRUE(fs::is_directory(deep));
    writeFileAtomic(folder.path() / "file", "");
    for (const fs::path& bad : {folder.path() / "file", folder.path() / "file" / "below"}) {
        const Error error = errorOf([&] { makeWritableFolder(bad); });
        EXPECT_EQ(error.kind(), ErrorKind::Io);
        EXPECT_TRUE(contains(error, bad.string())) << error.what();
    }
}

TEST(Files, ReadingWhatIsNoFileIsAnError) {
    const test::ScratchFolder folder;
    const fs::path missing = folder.path() / "missing";
    for (const auto& read :
         {+[](const fs::path& path) { readFile(path); }, +[](const fs::path& path) { MappedFile{path}; }}) {
        EXPECT_EQ(errorOf([&] { read(missing); }).kind(), ErrorKind::Io);
        EXPECT_TRUE(contains(errorOf([&] { read(missing); }), missing.string()));
        EXPECT_EQ(errorOf([&] { read(folder.path()); }).kind(), ErrorKind::BadInput);
    }
}

TEST(Files, MapHoldsTheBytesAndAnEmptyFileMapsToNothing) {
    const test::ScratchFolder folder;
    writeFileAtomic(folder.path() / "a", "abc");
    const MappedFile map(folder.path() / "a");
    ASSERT_EQ(map.bytes().size(), 3u);
    EXPECT_EQ(std::memcmp(map.bytes().data(), "abc", 3), 0);
    writeFileAtomic(folder.path() / "a", "other");  // the map keeps what it was opened on
    EXPECT_EQ(std::memcmp(map.bytes().data(), "abc", 3), 0);
    writeFileAtomic(folder.path() / "empty", "");
    EXPECT_TRUE(MappedFile(folder.path() / "empty").bytes().empty());
}

}  // namespace
}  // namespace qat
