// Rows of the pages that the window itself brings along.
#include "shell/window_pages.h"

#include <QCoreApplication>
#include <QScrollArea>

#include "configure/configure_page.h"
#include "exporting/export_panel.h"
#include "shell/welcome_page.h"

namespace qat::ui {
namespace {

QString text(const char* source) {
    return QCoreApplication::translate("WindowPages", source);
}

// The page is taller than the smallest window.
QWidget* makeWelcome(const PageContext& context, QWidget* parent) {
    auto* area = new QScrollArea(parent);
    area->setFrameShape(QFrame::NoFrame);
    area->setWidgetResizable(true);
    area->setFocusPolicy(Qt::NoFocus);
    area->setWidget(new WelcomePage(*context.hub, context.recent, area));
    return area;
}

QWidget* makeConfigure(const PageContext& context, QWidget* parent) {
    return new ConfigurePage(context.hub, context.selection, context.document, parent);
}

QWidget* makeExport(const PageContext& context, QWidget* parent) {
    return new ExportPanel(*context.hub, parent);
}

}  // namespace

std::vector<PageSpec> windowPages(const std::vector<PageSpec>& runPages) {
    std::vector<PageSpec> list{
        {pages::kWelcome, text("&Welcome"), {}, QStringLiteral("Ctrl+0"), makeWelcome},
        {pages::kConfigure, text("&Configure"), QStringLiteral("sliders"), QStringLiteral("Ctrl+1"), makeConfigure}};
    list.insert(list.end(), runPages.begin(), runPages.end());
    list.push_back({pages::kExport, text("&Export"), QStringLiteral("export"), QStringLiteral("Ctrl+5"), makeExport});
    return list;
}

}  // namespace qat::ui
