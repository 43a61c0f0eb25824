// Starts the window as the command line asks.
#include "shell/program.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QSettings>
#include <QTextStream>
#include <QTimer>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <string_view>

#include "shell/file_controller.h"
#include "shell/job_controller.h"
#include "shell/window_pages.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"

#ifndef QATELIER_VERSION
#define QATELIER_VERSION "0"
#endif

namespace qat::ui {
namespace {

constexpr int kBadUsage = 2;
constexpr int kShotAfterMs = 1500;
constexpr int kShotPollMs = 100;
constexpr int kLongestShotMs = 60000;

struct Options {
    QString path, screenshot, page;
    ThemeHub::Mode theme = ThemeHub::Mode::System;
    QSize size{1600, 1000};
    int afterMs = kShotAfterMs;
    bool run = false;
};

int refuse(const QString& sentence) {
    QTextStream(stderr) << sentence << '\n';
    return kBadUsage;
}

// Parses into options; a sentence about the first argument that is wrong, "" if all are fine.
QString readOptions(const QCoreApplication& application, const std::vector<PageSpec>& pages, Options& options) {
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Workbench for quantizing vision models"));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("path"), QStringLiteral("configuration, run folder or model to open"));
    parser.addOption({QStringLiteral("theme"), QStringLiteral("light or dark"), QStringLiteral("name")});
    parser.addOption({QStringLiteral("page"), QStringLiteral("page to show"), QStringLiteral("name")});
    parser.addOption({QStringLiteral("run"), QStringLiteral("start the pipeline at once")});
    parser.addOption({QStringLiteral("screenshot"), QStringLiteral("write a picture of the window and quit"),
                      QStringLiteral("file")});
    parser.addOption(
        {QStringLiteral("after"), QStringLiteral("milliseconds before the picture"), QStringLiteral("ms")});
    parser.addOption(
        {QStringLiteral("size"), QStringLiteral("size of the window, as 1600x1000"), QStringLiteral("size")});
    parser.process(application);
    options.path = parser.positionalArguments().value(0);
    options.run = parser.isSet(QStringLiteral("run"));
    options.screenshot = parser.value(QStringLiteral("screenshot"));
    const QString theme = parser.value(QStringLiteral("theme"));
    if (theme == QLatin1String("light"))
        options.theme = ThemeHub::Mode::Light;
    else if (theme == QLatin1String("dark"))
        options.theme = ThemeHub::Mode::Dark;
    else if (!theme.isEmpty())
        return QStringLiteral("--theme is %1, expected light or dark").arg(theme);
    else
        options.theme =
            static_cast<ThemeHub::Mode>(std::clamp(QSettings().value(QStringLiteral("theme")).toInt(), 0, 2));
    if (parser.isSet(QStringLiteral("page"))) {
        options.page = parser.value(QStringLiteral("page"));
        if (indexOfPage(pages, options.page) < 0) return QStringLiteral("--page names no page: %1").arg(options.page);
    }
    if (parser.isSet(QStringLiteral("after"))) options.afterMs = parser.value(QStringLiteral("after")).toInt();
    if (parser.isSet(QStringLiteral("size"))) {
        const QStringList parts = parser.value(QStringLiteral("size")).split(QLatin1Char('x'));
        options.size = QSize(parts.value(0).toInt(), parts.value(1).toInt());
        if (options.size.width() < 100 || options.size.height() < 100 || options.size.width() > 16000 ||
            options.size.height() > 16000)
            return QStringLiteral("--size is %1, expected WIDTHxHEIGHT").arg(parser.value(QStringLiteral("size")));
    }
    return {};
}

// Grabs once nothing is being read any more, then quits: status 0, or 1 if the file cannot be written.
void grabLater(MainWindow& window, const Options& options) {
    auto* timer = new QTimer(&window);
    timer->setInterval(kShotPollMs);
    auto waited = std::make_shared<int>(0);
    QObject::connect(timer, &QTimer::timeout, &window, [&window, timer, waited, options] {
        *waited += kShotPollMs;
        const bool busy =
            window.document()->described().isRunning() || window.runStore()->data().status == RunStatus::Loading;
        if (*waited < options.afterMs || (busy && *waited < kLongestShotMs)) return;
        timer->stop();
        const bool written = window.grab().save(options.screenshot);
        window.jobs()->launcher()->stop(StopLevel::Abandon);
        QCoreApplication::exit(written ? 0 : 1);
    });
    timer->start();
}

// Qt ends a program that finds no display with abort(). While the application is made, its last words are taken down
// and become one sentence.
QString displayTrouble;
QtMessageHandler usualHandler = nullptr;

void noteDisplayTrouble(QtMsgType type, const QMessageLogContext& context, const QString& message) {
    if (type != QtFatalMsg) {
        if (!QByteArrayView(context.category).startsWith("qt.qpa")) return usualHandler(type, context, message);
        if (displayTrouble.isEmpty()) displayTrouble = message;
        return;
    }
    const QString reason = displayTrouble.isEmpty() ? message.section(QLatin1Char('\n'), 0, 0) : displayTrouble;
    refuse(QStringLiteral("qatelier: cannot open a window: %1 (qatelier-cli needs no display)").arg(reason.trimmed()));
    std::_Exit(kBadUsage);
}

// What is only printed needs no display.
bool asksForText(int argc, char** argv) {
    const std::set<std::string_view> texts{"-h", "--help", "--help-all", "-v", "--version"};
    return std::any_of(argv + 1, argv + argc, [&](const char* word) { return texts.contains(word); });
}

std::unique_ptr<QApplication> makeApplication(int& argc, char** argv) {
    if (asksForText(argc, argv)) qputenv("QT_QPA_PLATFORM", "offscreen");
    usualHandler = qInstallMessageHandler(noteDisplayTrouble);
    auto application = std::make_unique<QApplication>(argc, argv);
    qInstallMessageHandler(usualHandler);
    return application;
}

}  // namespace

int runProgram(int argc, char** argv, const std::vector<PageSpec>& runPages) {
    const auto made = makeApplication(argc, argv);
    QApplication& application = *made;
    QCoreApplication::setOrganizationName(QStringLiteral("Qatelier"));
    QCoreApplication::setApplicationName(QStringLiteral("Qatelier"));
    QCoreApplication::setApplicationVersion(QStringLiteral(QATELIER_VERSION));
    QGuiApplication::setDesktopFileName(QStringLiteral("io.github.qatelier.Qatelier"));
    Options options;
    if (const QString trouble = readOptions(application, windowPages(runPages), options); !trouble.isEmpty())
        return refuse(trouble);
    ThemeHub hub(options.theme);
    hub.apply(application);
    application.setWindowIcon(programIcon());
    MainWindow window(&hub, runPages);
    if (!options.screenshot.isEmpty()) window.resize(options.size);
    window.show();
    if (!options.path.isEmpty() && !window.files()->openPath(options.path) && !options.screenshot.isEmpty())
        return kBadUsage;
    if (options.run) window.jobs()->start();
    if (!options.page.isEmpty()) window.showPage(options.page);
    if (!options.screenshot.isEmpty()) grabLater(window, options);
    return QApplication::exec();
}

}  // namespace qat::ui
