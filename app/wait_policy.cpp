// What libraries take from their environment only, in their own constructors, and have no call for. So a program
// started without these variables starts itself again with them, from the preinit array: before any library's
// constructor, when only the dynamic linker has worked. What the user has set wins.
//
// OpenMP threads must not spin at barriers for long: it makes a step many times slower when other programs use the
// cores. Nor must they sleep at once: waking takes as long as the work between two barriers. So they spin for some 100
// us, then sleep. OpenBLAS, too, starts its threads in its constructor, and ends the program if they cannot be started.
// Products are shared out elsewhere, so it is to have none. And OpenCV is to decode no picture that is larger than
// those we read (data/image_file.cpp), should a header say something else to it than to us.
#include <unistd.h>

#include <cstring>

namespace {

constexpr int kMostVariables = 4096;
char kPolicy[] = "OMP_WAIT_POLICY=passive";
char kSpins[] = "GOMP_SPINCOUNT=10000";
char kBlas[] = "OPENBLAS_NUM_THREADS=1";
char kPixels[] = "OPENCV_IO_MAX_IMAGE_PIXELS=134217728";

bool isOf(const char* variable, const char* assignment) {
    return std::strncmp(variable, assignment, static_cast<size_t>(std::strchr(assignment, '=') - assignment) + 1) == 0;
}

void completeEnvironment(int, char** arguments, char** environment) {
    static char* extended[kMostVariables + 5];
    bool spinsGiven = false, blasGiven = false, pixelsGiven = false;
    int count = 0;
    for (; environment[count]; ++count) {
        if (count == kMostVariables) return;
        spinsGiven |= isOf(environment[count], kPolicy) || isOf(environment[count], kSpins);
        blasGiven |= isOf(environment[count], kBlas);
        pixelsGiven |= isOf(environment[count], kPixels);
        extended[count] = environment[count];
    }
    if (spinsGiven && blasGiven && pixelsGiven) return;
    if (!spinsGiven) extended[count++] = kPolicy, extended[count++] = kSpins;
    if (!blasGiven) extended[count++] = kBlas;
    if (!pixelsGiven) extended[count++] = kPixels;
    execve("/proc/self/exe", arguments, extended);  // on failure we go on as we are
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const preinit)(int, char**, char**) = completeEnvironment;

}  // namespace
