// Pages in place of those that show a run: the window's tests need none of what they draw.
#pragma once

#include "pages/page_spec.h"
#include "pages/run_view.h"

namespace qat::test {

inline std::vector<ui::PageSpec> plainPages() {
    const auto make = [](const ui::PageContext&, QWidget* parent) { return new ui::RunView(parent); };
    return {{ui::pages::kRun, "&Run", "pulse", "Ctrl+2", make},
            {ui::pages::kAnalyze, "&Analyze", "bars", "Ctrl+3", make, true},
            {ui::pages::kCompare, "Co&mpare", "compare", "Ctrl+4", make, true}};
}

}  // namespace qat::test
