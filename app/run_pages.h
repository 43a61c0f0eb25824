// The pages of the window that show a run: a new one is a row here.
#pragma once

#include "pages/page_spec.h"

namespace qat::ui {

// In the order of menu and tool bar.
std::vector<PageSpec> runPages();

}  // namespace qat::ui
