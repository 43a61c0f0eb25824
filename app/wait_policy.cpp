// OpenMP threads must not spin at barriers for long: it makes a step many times slower when other programs use the cores.
// Nor must they sleep at once: waking takes as long as the work between two barriers. So they spin for some 100 us, then
// sleep. libgomp takes that from its environment, in its own constructor, and has no call for it. So a program started
// without these variables starts itself again with them, from the preinit array: before any library's constructor, when
// only the dynamic linker has worked. What the user has set wins.
// OpenBLAS, too, starts its threads in its constructor, and ends the program if they cannot be started. Products are shared
// out elsewhere, so it is to have none.
#include <unistd.h>

#include <cstring>

namespace {

constexpr int kMostVariables = 4096;
char kPolicy[] = "OMP_WAIT_POLICY=passive";
char kSpins[] = "GOMP_SPINCOUNT=10000";
char kBlas[] = "OPENBLAS_NUM_THREADS=1";

void limitThreads(int, char** arguments, char** environment) {
    static char* extended[kMostVariables + 4];
    bool policyGiven = false, blasGiven = false;
    int count = 0;
    for (; environment[count]; ++count) {
        if (count == kMostVariables) return;
        const auto names = [&](const char* variable, size_t length) { return std::strncmp(environment[count], variable, length) == 0; };
        policyGiven = policyGiven || names(kPolicy, sizeof "OMP_WAIT_POLICY") || names(kSpins, sizeof "GOMP_SPINCOUNT");
        blasGiven = blasGiven || names(kBlas, sizeof "OPENBLAS_NUM_THREADS");
        extended[count] = environment[count];
    }
    if (policyGiven && blasGiven) return;
    if (!policyGiven) extended[count++] = kPolicy, extended[count++] = kSpins;
    if (!blasGiven) extended[count++] = kBlas;
    execve("/proc/self/exe", arguments, extended);  // on failure we go on as we are
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const preinit)(int, char**, char**) = limitThreads;

}  // namespace
