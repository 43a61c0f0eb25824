// The list of the pages that show a run.
#include "run_pages.h"

#include <QCoreApplication>

#include "analyze/analyze_page.h"
#include "compare/compare_page.h"
#include "progress/run_page.h"

namespace qat::ui {
namespace {

QString text(const char* source) {
    return QCoreApplication::translate("RunPages", source);
}

}  // namespace

std::vector<PageSpec> runPages() {
    return {{pages::kRun, text("&Run"), QStringLiteral("pulse"), QStringLiteral("Ctrl+2"), makeRunView<RunPage>},
            {pages::kAnalyze, text("&Analyze"), QStringLiteral("bars"), QStringLiteral("Ctrl+3"),
             makeRunView<AnalyzePage>, true},
            {pages::kCompare, text("Co&mpare"), QStringLiteral("compare"), QStringLiteral("Ctrl+4"),
             makeRunView<ComparePage>, true}};
}

}  // namespace qat::ui
