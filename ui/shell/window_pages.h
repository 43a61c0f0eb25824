// The pages of the window: its own around those that show a run.
#pragma once

#include "pages/page_spec.h"

namespace qat::ui {

// Welcome and Configure, the pages given, Export; in this order they stand in the menu and in the tool bar.
std::vector<PageSpec> windowPages(const std::vector<PageSpec>& runPages);

}  // namespace qat::ui
