// OpenMP threads must not spin at barriers for long: it makes a step many times slower when other programs use the cores.
// Nor must they sleep at once: waking takes as long as the work between two barriers. So they spin for some 100 us, then
// sleep. libgomp takes that from its environment, in its own constructor, and has no call for it. So a program started
// without these variables starts itself again with them, from the preinit array: before any library's constructor, when
// only the dynamic linker has worked. What the user has set wins.
#include <unistd.h>

#include <cstring>

namespace {

constexpr int kMostVariables = 4096;
char kPolicy[] = "OMP_WAIT_POLICY=passive";
char kSpins[] = "GOMP_SPINCOUNT=10000";

void limitSpinning(int, char** arguments, char** environment) {
    static char* extended[kMostVariables + 3];
    int count = 0;
    for (; environment[count]; ++count) {
        const bool given = std::strncmp(environment[count], kPolicy, sizeof "OMP_WAIT_POLICY") == 0 ||
                           std::strncmp(environment[count], kSpins, sizeof "GOMP_SPINCOUNT") == 0;
        if (given || count == kMostVariables) return;
        extended[count] = environment[count];
    }
    extended[count] = kPolicy;
    extended[count + 1] = kSpins;
    execve("/proc/self/exe", arguments, extended);  // on failure we go on as we are
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const preinit)(int, char**, char**) = limitSpinning;

}  // namespace
