// OpenMP threads must sleep at barriers, not spin: spinning makes a step 20 times slower when other programs use the
// cores. libgomp takes that from its environment, in its own constructor, and has no call for it. So a program started
// without OMP_WAIT_POLICY starts itself again with it, from the preinit array: before any library's constructor, when
// only the dynamic linker has worked. What the user has set wins.
#include <unistd.h>

#include <cstring>

namespace {

constexpr int kMostVariables = 4096;
char kPolicy[] = "OMP_WAIT_POLICY=passive";

void sleepAtBarriers(int, char** arguments, char** environment) {
    static char* extended[kMostVariables + 2];
    int count = 0;
    for (; environment[count]; ++count) {
        if (std::strncmp(environment[count], kPolicy, sizeof "OMP_WAIT_POLICY") == 0 || count == kMostVariables) return;
        extended[count] = environment[count];
    }
    extended[count] = kPolicy;
    execve("/proc/self/exe", arguments, extended);  // on failure we go on as we are
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const preinit)(int, char**, char**) = sleepAtBarriers;

}  // namespace
