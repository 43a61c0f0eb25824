// Saves pictures of the three pages in both themes, for review beside the mock-ups: qat_grab_pages RUN_FOLDER OUT.
#include <QApplication>
#include <QDir>
#include <cstdio>

#include "analyze/analyze_page.h"
#include "compare/compare_page.h"
#include "document/selection_hub.h"
#include "feed/run_feed.h"
#include "run/run_page.h"
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
    RunPage run(&theme, &selection, &store);
    AnalyzePage analyze(&theme, &selection, &store);
    ComparePage compare(&theme, &selection, &store);
    for (const auto mode : {ThemeHub::Mode::Light, ThemeHub::Mode::Dark}) {
        theme.setMode(mode);
        const QString name = mode == ThemeHub::Mode::Light ? "light" : "dark";
        grab(run, out.filePath("run-" + name + ".png"));
        run.hide();
        selection.select({selection.idOf("model.2.m.0.cv1.conv")}, nullptr);
        grab(analyze, out.filePath("analyze-" + name + ".png"));
        analyze.hide();
        if (store.data().images.size() > 16) {
            const QString image = qtext(store.data().images[16].image);
            selection.selectImages({image}, image, nullptr);
        }
        grab(compare, out.filePath("compare-" + name + ".png"));
        compare.hide();
    }
    return 0;
}
