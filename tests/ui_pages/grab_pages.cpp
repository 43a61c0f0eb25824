// Saves pictures of the pages that show a run, in both themes, for review beside the mock-ups: qat_grab_pages
// RUN_FOLDER OUT.
#include <QApplication>
#include <QDir>
#include <QWidget>
#include <cstdio>
#include <memory>

#include "document/selection_hub.h"
#include "feed/run_feed.h"
#include "run_pages.h"
#include "style/theme_hub.h"
#include "ui_pages/event_loop.h"

namespace {

void grab(QWidget& page, const QString& path) {
    page.resize(1600, 1000);
    page.show();
    qat::test::waitUntil([] { return false; }, 400);
    page.grab().save(path);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fputs("usage: qat_grab_pages RUN_FOLDER OUT\n", stderr), 2;
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    using namespace qat::ui;
    ThemeHub theme(ThemeHub::Mode::Light);
    theme.apply(application);
    SelectionHub selection;
    RunStore store;
    RunFeed feed(&store);
    feed.open(QString::fromLocal8Bit(argv[1]));
    qat::test::waitUntil([&] { return !feed.isLoading(); });
    const QDir out(QString::fromLocal8Bit(argv[2]));
    selection.select({selection.idOf("model.2.m.0.cv1.conv")}, nullptr);
    if (store.data().images.size() > 16) {
        const QString image = qtext(store.data().images[16].image);
        selection.selectImages({image}, image, nullptr);
    }
    const PageContext context{&theme, &selection, &store};
    const std::vector<PageSpec> specs = runPages();
    std::vector<std::unique_ptr<QWidget>> pages;
    for (const PageSpec& spec : specs) pages.emplace_back(spec.make(context, nullptr));
    for (const auto mode : {ThemeHub::Mode::Light, ThemeHub::Mode::Dark}) {
        theme.setMode(mode);
        const QString ending = mode == ThemeHub::Mode::Light ? "-light.png" : "-dark.png";
        for (size_t i = 0; i < specs.size(); ++i) {
            grab(*pages[i], out.filePath(specs[i].key + ending));
            pages[i]->hide();
        }
    }
    return 0;
}
