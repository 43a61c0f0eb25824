// The window program behind main(): arguments, application object, theme, and the screenshot mode of the manual.
#pragma once

#include "shell/main_window.h"

namespace qat::ui {

// Arguments: a configuration, run folder or model to open; --theme light|dark; --run starts at once;
// --page KEY shows that page; --screenshot FILE grabs the window and quits,
// --after MS later; --size WxH. Returns the exit status: 2 for bad arguments.
int runProgram(int argc, char** argv, const std::vector<PageSpec>& runPages);

}  // namespace qat::ui
