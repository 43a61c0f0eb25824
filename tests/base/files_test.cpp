// Whole files: atomic writing keeps the old content through every failure, reading reports what is wrong.
#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

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
    for (const char* name : {"a.json", "notes.tmp", "weights/c.tmpx1"})
        EXPECT_TRUE(fs::exists(scratch.path() / name)) << name;
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

// A file of one's own that lies elsewhere by a link stays there; nothing goes where somebody else's link leads, and a
// device is not replaced, by no name.
TEST(Files, WritingKeepsOwnLinksAndRefusesThoseOfOthers) {
    const test::ScratchFolder folder;
    const fs::path file = folder.path() / "a.bin", victim = folder.path() / "victim";
    writeFileAtomic(victim, "precious");
    fs::create_symlink("victim", folder.path() / ("a.bin.tmp" + std::to_string(::getpid())));
    fs::create_directory(folder.path() / "disk");
    for (const char* target : {"disk/b.bin", "disk/missing.bin"}) {
        fs::remove(file);
        fs::create_symlink("link", file);
        fs::remove(folder.path() / "link");
        fs::create_symlink(target, folder.path() / "link");
        writeFileAtomic(file, "new");
        EXPECT_TRUE(fs::is_symlink(file) && fs::is_symlink(folder.path() / "link"));
        EXPECT_EQ(readFile(folder.path() / target), "new");
        EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(folder.path() / target)));
    }
    EXPECT_EQ(readFile(victim), "precious");
    fs::remove(file);
    fs::create_symlink("a.bin", file);
    EXPECT_TRUE(contains(errorOf([&] { writeFileAtomic(file, "x"); }), std::strerror(ELOOP)));
    fs::create_symlink("victim", folder.path() / "log");
    EXPECT_TRUE(contains(errorOf([&] { openToAppend(folder.path() / "log"); }), "it is a link"));
    fs::create_hard_link(victim, folder.path() / "twin");
    EXPECT_TRUE(contains(errorOf([&] { openToAppend(folder.path() / "twin"); }), "other names"));
    ::mkfifo((folder.path() / "pipe").c_str(), 0600);
    for (const fs::path& path : {folder.path() / "pipe", fs::path("/dev/null")}) {
        EXPECT_TRUE(contains(errorOf([&] { openToAppend(path); }), path.string() + ": it is not a regular file"));
        EXPECT_TRUE(
            contains(errorOf([&] { writeFileAtomic(path, "x"); }), path.string() + ": it is not a regular file"));
    }
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
    fs::create_symlink("/dev/null", folder.path() / "nowhere");
    EXPECT_TRUE(
        contains(errorOf([&] { writeFileAtomic(folder.path() / "nowhere", "x"); }), "it is not a regular file"));
    for (const char* text : {"one\n", "two\n"}) std::fputs(text, openToAppend(folder.path() / "own").get());
    EXPECT_EQ(readFile(folder.path() / "own"), "one\ntwo\n");
}

TEST(Files, WritingThroughLinksOfOthersIsRefused) {
    if (::geteuid() != 0) GTEST_SKIP() << "left out: only the superuser can give a link away";
    const test::ScratchFolder folder;
    const fs::path file = folder.path() / "a.json", victim = folder.path() / "victim";
    writeFileAtomic(victim, "precious");
    fs::create_symlink("victim", file);
    ASSERT_EQ(::lchown(file.c_str(), 65534, 65534), 0);
    const Error error = errorOf([&] { writeFileAtomic(file, "x"); });
    EXPECT_EQ(error.kind(), ErrorKind::Io);
    EXPECT_TRUE(contains(error, "a.json is a link that belongs to another user")) << error.what();
    EXPECT_EQ(readFile(victim), "precious");
}

TEST(Files, NothingIsWritableForEverybodyWhateverTheUmask) {
    const test::ScratchFolder folder;
    for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
        const fs::path below = folder.path() / std::to_string(mask) / "deep";
        const mode_t before = ::umask(mask);
        makeWritableFolder(below);
        writeFileAtomic(below / "whole", "");
        std::fputs("line", openToAppend(below / "lines").get());
        ::umask(before);
        const auto modeOf = [](const fs::path& path) { return static_cast<mode_t>(fs::status(path).permissions()); };
        EXPECT_EQ(modeOf(below), 0755 & ~mask);
        EXPECT_EQ(modeOf(below.parent_path()), 0755 & ~mask);
        EXPECT_EQ(modeOf(below / "whole"), 0644 & ~mask);
        EXPECT_EQ(modeOf(below / "lines"), 0644 & ~mask);
    }
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
         {+[](const fs::path& path) { readFile(path); }, +[](const fs::path& path) { FileBytes{path}; },
          +[](const fs::path& path) { readFilePieces(path, [](auto) {}); }}) {
        EXPECT_EQ(errorOf([&] { read(missing); }).kind(), ErrorKind::Io);
        EXPECT_TRUE(contains(errorOf([&] { read(missing); }), missing.string()));
        const int socketFile = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{AF_UNIX, {}};
        std::strncpy(address.sun_path, (folder.path() / "socket").c_str(), sizeof address.sun_path - 1);
        ::bind(socketFile, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::mkfifo((folder.path() / "pipe").c_str(), 0600);
        for (const fs::path& path :
             {folder.path(), folder.path() / "pipe", folder.path() / "socket", fs::path("/dev/zero")}) {
            const Error error = errorOf([&] { read(path); });
            EXPECT_EQ(error.kind(), ErrorKind::BadInput) << error.what();
            EXPECT_TRUE(contains(error, path.string())) << error.what();
        }
        ::close(socketFile);
        fs::remove(folder.path() / "socket");
    }
}

TEST(Files, LimitsAndPieces) {
    const test::ScratchFolder folder;
    const fs::path file = folder.path() / "a";
    std::string bytes(2500000, 'a'), together;
    bytes.back() = 'z';
    writeFileAtomic(file, bytes);
    EXPECT_EQ(readFile(file, bytes.size()), bytes);
    EXPECT_EQ(errorOf([&] { readFile(file, bytes.size() - 1); }).kind(), ErrorKind::BadInput);
    fs::resize_file(folder.path() / "a", uintmax_t{20} << 30);  // no bytes on the disk
    EXPECT_EQ(errorOf([&] { readFile(file, 4 << 20); }).kind(), ErrorKind::BadInput);
    writeFileAtomic(file, bytes);
    readFilePieces(file, [&](std::span<const std::byte> piece) {
        together.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    EXPECT_EQ(together, bytes);
}

TEST(Files, BytesOnceReadStayWhateverHappensToTheFile) {
    const test::ScratchFolder folder;
    std::string content(1 << 20, 'x');
    writeFileAtomic(folder.path() / "a", content);
    const FileBytes copy(folder.path() / "a");
    fs::resize_file(folder.path() / "a", 0);  // a map would now end the program
    ASSERT_EQ(copy.bytes().size(), content.size());
    EXPECT_EQ(std::memcmp(copy.bytes().data(), content.data(), content.size()), 0);
    writeFileAtomic(folder.path() / "empty", "");
    EXPECT_TRUE(FileBytes(folder.path() / "empty").bytes().empty());
}

// A writer changes the file all the time: what is read is one state of it, or an error says that there is none.
TEST(Files, AFileThatChangesWhileItIsReadIsAnError) {
    const test::ScratchFolder folder;
    const fs::path file = folder.path() / "a";
    constexpr size_t kBytes = 8 << 20;
    writeFileAtomic(file, std::string(kBytes, 'x'));
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (size_t i = 0; !done; ++i) fs::resize_file(file, i % 2 ? kBytes : 4096);
    });
    constexpr int kReads = 200, kMost = 20000;  // on a busy machine the writer seldom gets in between
    int reads = 0, whole = 0, changed = 0;
    for (; reads < kReads || (changed == 0 && reads < kMost); ++reads) try {
            whole += FileBytes(file).bytes().size() > 0;
        } catch (const Error& error) {
            changed += error.kind() == ErrorKind::Io && contains(error, "changed while it was read");
        }
    done = true;
    writer.join();
    EXPECT_EQ(whole + changed, reads);
    EXPECT_GT(changed, 0);
}

}  // namespace
}  // namespace qat
