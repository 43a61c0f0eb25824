// The desktop program: the window with all its pages.
#include "run_pages.h"
#include "shell/program.h"

int main(int argc, char** argv) {
    return qat::ui::runProgram(argc, argv, qat::ui::runPages());
}
