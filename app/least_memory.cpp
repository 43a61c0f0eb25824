// The libraries' constructors end the program without a sentence of ours if they get no memory, or leave behind what
// later hangs. So the limit on address space is looked at before them, from the preinit array: only the dynamic linker
// has worked then, and nothing but the kernel's calls can be used.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

constexpr unsigned long kLeast = 320ul << 20;  // for constructors, threads and the command line; a job asks for more

unsigned long mappedBytes() {
    char text[32] = {};
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0) return 0;
    close(file);
    unsigned long pages = 0;
    for (const char* digit = text; *digit >= '0' && *digit <= '9'; ++digit)
        pages = pages * 10 + static_cast<unsigned long>(*digit - '0');
    return pages * 4096;
}

void requireMemory(int, char**, char**) {
    constexpr char kSentence[] =
        "Qatelier: not enough memory: the limit on address space (ulimit -v) leaves no room for the program.\n";
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur >= mappedBytes() + kLeast)
        return;
    if (write(STDERR_FILENO, kSentence, sizeof kSentence - 1) < 0) _exit(2);
    _exit(2);
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const preinit)(int, char**, char**) = requireMemory;

}  // namespace
