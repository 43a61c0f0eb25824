// The main window: start, opening things, jobs, closing during a job, the palette, export.
#include <gtest/gtest.h>

#include <QAction>
#include <QCloseEvent>
#include <QDir>
#include <QDragEnterEvent>
#include <QElapsedTimer>
#include <QFile>
#include <QLineEdit>
#include <QMenu>
#include <QMimeData>
#include <QSignalSpy>
#include <QTest>
#include <QUrl>

#include "base/files.h"
#include "document/document.h"
#include "exporting/export_panel.h"
#include "shell/close_controller.h"
#include "shell/command_palette.h"
#include "shell/file_controller.h"
#include "shell/job_controller.h"
#include "shell/main_window.h"
#include "shell/manual_window.h"
#include "shell/presets.h"
#include "shell/top_bar.h"
#include "shell/window_pages.h"
#include "style/theme_hub.h"
#include "support/assets.h"
#include "ui/demo_job.h"
#include "ui/fake_core.h"
#include "ui/plain_pages.h"
#include "ui/wait.h"
#include "widgets/message_bar.h"
#include "widgets/row_table.h"
#include "widgets/segment_bar.h"

namespace qat::ui {
namespace {

using test::fakeScript;
using test::waitFor;

class WindowTest : public testing::Test {
protected:
    void SetUp() override {
        test::scriptShortJob();
        ASSERT_TRUE(test::writeDemo(config()));
    }
    QString config() const { return QString::fromStdString((folder.path() / "demo.yaml").string()); }
    void longJob() { fakeScript().epochs = 1000; }

    test::ScratchFolder folder;
    ThemeHub theme{ThemeHub::Mode::Light};
};

TEST_F(WindowTest, StartsInTwoSeconds) {
    QElapsedTimer clock;
    clock.start();
    MainWindow window(&theme, test::plainPages());
    window.show();
    QCoreApplication::processEvents();
    EXPECT_LT(clock.elapsed(), 2000);
    EXPECT_EQ(window.page(), pages::kWelcome);
    EXPECT_EQ(window.windowTitle(), QStringLiteral("Qatelier"));
}

TEST_F(WindowTest, OpensWhatItIsGiven) {
    MainWindow window(&theme, test::plainPages());
    ASSERT_TRUE(window.files()->openPath(config()));
    EXPECT_EQ(window.page(), pages::kConfigure);
    EXPECT_EQ(window.windowTitle(), QStringLiteral("demo.yaml[*] - Qatelier"));
    const QString run = QString::fromStdString((folder.path() / "run").string());
    test::writeFinishedRun(run.toStdString());
    ASSERT_TRUE(window.files()->openPath(run));
    EXPECT_EQ(window.page(), pages::kRun);
    EXPECT_TRUE(waitFor([&] { return window.runStore()->data().status == RunStatus::Completed; }));
    EXPECT_FALSE(window.files()->openPath(QString::fromStdString((folder.path() / "nothing").string())));
    EXPECT_FALSE(window.files()->openPath(QString::fromStdString(folder.path().string()))) << "a folder without a run";
    EXPECT_EQ(window.messages()->count(), 1);
    QFile exported(QString::fromStdString((folder.path() / "model.onnx").string()));
    ASSERT_TRUE(exported.open(QIODevice::WriteOnly));
    EXPECT_FALSE(window.files()->openPath(exported.fileName())) << "these are written, but not read";
}

TEST_F(WindowTest, ARunAloneSaysWhatItsModelIs) {
    MainWindow window(&theme, test::plainPages());
    EXPECT_EQ(window.topBar()->model()->value(), QStringLiteral("none"));
    const QString run = QString::fromStdString((folder.path() / "run").string());
    test::writeFinishedRun(run.toStdString());
    ASSERT_TRUE(window.files()->openPath(run));
    EXPECT_TRUE(waitFor([&] { return window.topBar()->model()->value() == QStringLiteral("yolov8n W4A8"); }));
    EXPECT_EQ(window.topBar()->data()->value(), QStringLiteral("shapes"));
    EXPECT_EQ(window.topBar()->config()->value(), QStringLiteral("none")) << "a run is no configuration to edit";
    QMenu* menu = window.topBar()->model()->menu();
    Q_EMIT menu->aboutToShow();
    EXPECT_TRUE(menu->actions().first()->isEnabled());
    EXPECT_FALSE(menu->actions().last()->isEnabled()) << "nothing to change";
    ASSERT_TRUE(window.files()->openPath(config()));
    EXPECT_TRUE(waitFor([&] { return window.topBar()->model()->value() == QStringLiteral("builtin:shapes"); }))
        << "an open configuration is what one works on";
    Q_EMIT menu->aboutToShow();
    EXPECT_TRUE(menu->actions().last()->isEnabled());
}

TEST_F(WindowTest, ARunWithoutEventsSaysItFromItsSummary) {
    MainWindow window(&theme, test::plainPages());
    const QString run = QString::fromStdString((folder.path() / "run").string());
    test::writeFinishedRun(run.toStdString());
    ASSERT_TRUE(QFile::remove(run + QStringLiteral("/events.jsonl")));
    ASSERT_TRUE(window.files()->openPath(run));
    EXPECT_TRUE(waitFor([&] { return window.topBar()->model()->value() == QStringLiteral("yolov8n W4A8"); }));
}

TEST_F(WindowTest, TheManualHasItsPagesAndPictures) {
    ManualWindow manual(theme, nullptr);
    EXPECT_EQ(manual.title(), QStringLiteral("Guide"));
    manual.showManualPage(QStringLiteral("config-reference"));
    EXPECT_TRUE(manual.title().contains(QStringLiteral("eference"))) << manual.title().toStdString();
    manual.showManualPage(QStringLiteral("run-folder"));
    EXPECT_FALSE(manual.title().isEmpty());
    manual.showManualPage(QStringLiteral("exit-status"));
    EXPECT_EQ(manual.title(), QStringLiteral("Exit statuses"));
}

TEST_F(WindowTest, EditsMarkTheTitle) {
    MainWindow window(&theme, test::plainPages());
    ASSERT_TRUE(window.files()->openPath(config()));
    EXPECT_FALSE(window.isWindowModified());
    window.document()->setValue(QStringLiteral("model.variant"), QStringLiteral("s"), nullptr);
    EXPECT_TRUE(window.isWindowModified());
    window.document()->undoStack()->undo();
    EXPECT_FALSE(window.isWindowModified());
}

TEST_F(WindowTest, RunsAJobToItsEnd) {
    MainWindow window(&theme, test::plainPages());
    ASSERT_TRUE(window.files()->openPath(config()));
    QSignalSpy finished(window.jobs()->launcher(), &JobLauncher::finished);
    ASSERT_TRUE(window.jobs()->start());
    EXPECT_FALSE(window.jobs()->start()) << "one job at a time";
    EXPECT_EQ(window.page(), pages::kRun);
    ASSERT_TRUE(waitFor([&] { return finished.count() == 1; }));
    EXPECT_TRUE(QFile::exists(window.jobs()->launcher()->runFolder() + QStringLiteral("/events.jsonl")));
    EXPECT_TRUE(waitFor([&] { return window.runStore()->data().status == RunStatus::Completed; }));
}

TEST_F(WindowTest, StopsAJob) {
    longJob();
    MainWindow window(&theme, test::plainPages());
    ASSERT_TRUE(window.files()->openPath(config()));
    JobResult result;
    bool done = false;
    QObject::connect(window.jobs()->launcher(), &JobLauncher::finished, [&](const JobResult& r) {
        result = r;
        done = true;
    });
    ASSERT_TRUE(window.jobs()->start());
    window.jobs()->stop();
    ASSERT_TRUE(waitFor([&] { return done; }));
    EXPECT_FALSE(result.failed);
    EXPECT_EQ(result.outcome.status, JobStatus::Cancelled);
    EXPECT_FALSE(window.jobs()->launcher()->isRunning());
}

TEST_F(WindowTest, AFailureBecomesASentence) {
    fakeScript().failInTraining = true;
    MainWindow window(&theme, test::plainPages());
    ASSERT_TRUE(window.files()->openPath(config()));
    QString error;
    QObject::connect(window.jobs()->launcher(), &JobLauncher::finished, [&](const JobResult& r) { error = r.error; });
    ASSERT_TRUE(window.jobs()->start());
    ASSERT_TRUE(waitFor([&] { return !error.isEmpty(); }));
    EXPECT_EQ(error, QStringLiteral("the disk is full"));
    EXPECT_EQ(window.messages()->count(), 0) << "the Run page tells it of the run it shows";
    EXPECT_TRUE(waitFor([&] { return window.runStore()->data().trouble == error; }));
}

TEST_F(WindowTest, RefusesToRunAConfigurationWithErrors) {
    MainWindow window(&theme, test::plainPages());
    ASSERT_TRUE(window.files()->openPath(config()));
    window.document()->setText(QStringLiteral("model: [\n"), QStringLiteral("typing"), nullptr);
    EXPECT_FALSE(window.jobs()->start());
    EXPECT_FALSE(window.jobs()->launcher()->isRunning());
    window.document()->undoStack()->undo();
}

TEST_F(WindowTest, CancelKeepsWindowAndJob) {
    longJob();
    MainWindow window(&theme, test::plainPages());
    window.show();
    ASSERT_TRUE(window.files()->openPath(config()));
    ASSERT_TRUE(window.jobs()->start());
    int asked = 0;
    window.closing()->askAboutJob = [&] { return ++asked, CloseChoice::Cancel; };
    EXPECT_FALSE(window.close());
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(window.isVisible());
    EXPECT_TRUE(window.jobs()->launcher()->isRunning());
}

TEST_F(WindowTest, StopAndQuitClosesOnceTheJobIsIdle) {
    longJob();
    MainWindow window(&theme, test::plainPages());
    window.show();
    ASSERT_TRUE(window.files()->openPath(config()));
    ASSERT_TRUE(window.jobs()->start());
    window.closing()->askAboutJob = [] { return CloseChoice::StopAndQuit; };
    EXPECT_FALSE(window.close()) << "never waits in the handler";
    EXPECT_TRUE(window.isVisible());
    EXPECT_TRUE(waitFor([&] { return !window.isVisible(); }));
    EXPECT_FALSE(window.jobs()->launcher()->isRunning());
}

TEST_F(WindowTest, AStubbornJobIsAbandonedWithTheWindow) {
    longJob();
    fakeScript().ignoreFinishBatch = true;
    QElapsedTimer clock;
    {
        MainWindow window(&theme, test::plainPages());
        ASSERT_TRUE(window.files()->openPath(config()));
        ASSERT_TRUE(window.jobs()->start());
        window.jobs()->stop();
        clock.start();
    }
    EXPECT_LT(clock.elapsed(), 2000);
}

TEST_F(WindowTest, ExportReportsWhatItWrote) {
    const QString run = QString::fromStdString((folder.path() / "run").string());
    test::writeFinishedRun(run.toStdString());
    const std::filesystem::path weights = folder.path() / "run/weights/final.safetensors";
    std::filesystem::remove(weights);
    ExportPanel panel(theme);
    QSignalSpy exported(&panel, &ExportPanel::exported);
    panel.start();
    EXPECT_FALSE(panel.isRunning()) << "nothing chosen yet";
    panel.setSource(run);
    panel.start();
    EXPECT_FALSE(panel.isRunning()) << "a run without its weights";
    std::filesystem::create_directories(weights.parent_path());
    writeFileAtomic(weights, "weights");
    panel.setSource(QString());
    panel.setSource(run);
    panel.start();
    ASSERT_TRUE(waitFor([&] { return exported.count() == 1; }));
    EXPECT_TRUE(exported[0][0].toBool());
    EXPECT_TRUE(QFile::exists(run + QStringLiteral("/exports/model.onnx")));
    // Green is for a file that a runtime computed alike; it is kept with the run, as long as the file stays the same.
    const auto badge = [](ExportPanel& shown) {
        QAbstractItemModel* files = shown.findChild<RowTable*>()->model();
        return std::pair(files->index(0, 1).data().toString(),
                         static_cast<ChipKind>(files->index(0, 1).data(ChipKindRole).toInt()));
    };
    const auto exportAgain = [&](CheckResult result) {
        fakeScript().checkResult = result;
        panel.start();
        return waitFor([&, before = exported.count()] { return exported.count() > before; });
    };
    EXPECT_EQ(badge(panel), std::pair(QStringLiteral("not checked"), ChipKind::Neutral));
    ASSERT_TRUE(exportAgain(CheckResult::Failed));
    EXPECT_EQ(badge(panel), std::pair(QStringLiteral("parity failed"), ChipKind::Error));
    ASSERT_TRUE(exportAgain(CheckResult::Passed));
    EXPECT_EQ(badge(panel), std::pair(QStringLiteral("parity passed"), ChipKind::Success));
    ExportPanel later(theme);
    later.setSource(run);
    EXPECT_EQ(badge(later), std::pair(QStringLiteral("parity passed"), ChipKind::Success));
    QFile file(run + QStringLiteral("/exports/model.onnx"));
    ASSERT_TRUE(file.open(QIODevice::Append));
    file.write("x");
    file.close();
    later.setSource(run);
    EXPECT_EQ(badge(later), std::pair(QStringLiteral("not checked"), ChipKind::Neutral)) << "another file now";
}

// Else a model that is typed in would be written among the files of the run before.
TEST_F(WindowTest, ExportGoesWhereItsSourceIs) {
    ExportPanel panel(theme);
    QLineEdit *source = nullptr, *destination = nullptr;
    for (QLineEdit* field : panel.findChildren<QLineEdit*>())
        (field->accessibleName() == QStringLiteral("Destination folder") ? destination : source) = field;
    ASSERT_TRUE(source && destination);
    const QString root = QString::fromStdString(folder.path().string());
    for (const char* name : {"one", "other", "third"}) QDir(root).mkdir(QString::fromLatin1(name));
    panel.setSource(root + QStringLiteral("/one"));
    EXPECT_EQ(destination->text(), root + QStringLiteral("/one/exports"));
    const auto type = [&](QLineEdit* field, const QString& text) {
        field->selectAll();
        QTest::keyClicks(field, text);
    };
    type(source, root + QStringLiteral("/other"));
    EXPECT_EQ(destination->text(), root + QStringLiteral("/other/exports"));
    type(destination, root + QStringLiteral("/elsewhere"));
    type(source, root + QStringLiteral("/third"));
    EXPECT_EQ(destination->text(), root + QStringLiteral("/elsewhere")) << "what was typed stays";
}

TEST(CommandPalette, RanksWordStartsAndRuns) {
    EXPECT_LT(fuzzyScore(QStringLiteral("xyz"), QStringLiteral("Run pipeline")), 0);
    EXPECT_GT(fuzzyScore(QStringLiteral("run"), QStringLiteral("Run pipeline")),
              fuzzyScore(QStringLiteral("run"), QStringLiteral("Return undone")));
    EXPECT_EQ(fuzzyScore({}, QStringLiteral("anything")), 0);
}

TEST_F(WindowTest, OpensWhatIsDroppedOnIt) {
    MainWindow window(&theme, test::plainPages());
    window.show();
    const auto enters = [&](const QMimeData& mime) {
        QDragEnterEvent enter(QPoint(5, 5), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
        enter.ignore();
        QCoreApplication::sendEvent(&window, &enter);
        return enter.isAccepted();
    };
    QMimeData onnx;
    const QString model = QString::fromStdString((folder.path() / "m.onnx").string());
    QFile(model).open(QIODevice::WriteOnly);
    onnx.setUrls({QUrl::fromLocalFile(model)});
    EXPECT_FALSE(enters(onnx)) << "written, but not read";
    QMimeData yaml;
    yaml.setUrls({QUrl::fromLocalFile(config())});
    EXPECT_TRUE(enters(yaml));
    QDropEvent drop(QPointF(5, 5), Qt::CopyAction, &yaml, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&window, &drop);
    EXPECT_EQ(window.page(), pages::kConfigure);
    EXPECT_EQ(window.document()->path(), config());
}

// A page is one row: from it come its place, its entry in the menu with the keys, its segment, its name for --page.
TEST_F(WindowTest, EveryPageOfTheListIsReached) {
    MainWindow window(&theme, test::plainPages());
    window.show();
    const std::vector<PageSpec> list = windowPages(test::plainPages());
    ASSERT_EQ(list.size(), 6u);
    const QList<QAction*> actions = window.findChildren<QAction*>();
    for (const PageSpec& spec : list) {
        window.showPage(spec.key.toUpper());
        EXPECT_EQ(window.page(), spec.key);
        EXPECT_EQ(window.topBar()->perspectives()->currentKey(), spec.icon.isEmpty() ? QString() : spec.key);
        window.showPage(pages::kWelcome);
        const auto entry = std::find_if(actions.begin(), actions.end(), [&](const QAction* action) {
            return action->text() == spec.title && action->shortcut() == QKeySequence(spec.shortcut);
        });
        ASSERT_NE(entry, actions.end()) << spec.key.toStdString();
        (*entry)->trigger();
        EXPECT_EQ(window.page(), spec.key);
    }
    window.showPage(QStringLiteral("nowhere"));
    EXPECT_EQ(window.page(), list.back().key) << "a key of no page leads nowhere";
}

TEST_F(WindowTest, DoesWhatItsPagesAskFor) {
    longJob();
    MainWindow window(&theme, test::plainPages());
    window.show();
    ASSERT_TRUE(window.files()->openPath(config()));
    auto* view = window.findChild<RunView*>();
    ASSERT_TRUE(view);
    Q_EMIT view->analyzeRequested();
    EXPECT_EQ(window.page(), pages::kAnalyze);
    Q_EMIT view->startRunRequested();
    ASSERT_TRUE(window.jobs()->launcher()->isRunning());
    EXPECT_EQ(window.page(), pages::kRun);
    Q_EMIT view->stopRequested();
    EXPECT_TRUE(window.jobs()->launcher()->isStopping());
    ASSERT_TRUE(waitFor([&] { return !window.jobs()->launcher()->isRunning(); }));
    const QString other = QString::fromStdString((folder.path() / "other").string());
    test::writeFinishedRun(other.toStdString());
    ASSERT_TRUE(QFile::copy(config(), other + QStringLiteral("/config.yaml")));
    ASSERT_TRUE(window.files()->openPath(other));
    ASSERT_TRUE(waitFor([&] { return window.runStore()->data().status == RunStatus::Completed; }));
    Q_EMIT view->resumeRequested();
    EXPECT_TRUE(window.jobs()->launcher()->isRunning());
    EXPECT_EQ(window.jobs()->launcher()->runFolder(), other);
    window.jobs()->stop();
    EXPECT_TRUE(waitFor([&] { return !window.jobs()->launcher()->isRunning(); }));
}

}  // namespace
}  // namespace qat::ui
