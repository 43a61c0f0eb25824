// The desktop program: the window with all its pages.
#include "analyze/analyze_page.h"
#include "compare/compare_page.h"
#include "run/run_page.h"
#include "shell/program.h"

namespace {

using namespace qat::ui;

template <class PageType>
QWidget* make(ThemeHub* hub, SelectionHub* selection, RunStore* store, QWidget* parent) {
    return new PageType(hub, selection, store, parent);
}

}  // namespace

int main(int argc, char** argv) {
    return runProgram(argc, argv, {make<RunPage>, make<AnalyzePage>, make<ComparePage>});
}
