// Runs in the window: whose numbers are shown, what is said of a job while another run is looked at, and stopping and
// resuming runs that other processes work on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <QApplication>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <fstream>

#include "progress/run_state.h"
#include "session/run_lock.h"
#include "shell/file_controller.h"
#include "shell/job_controller.h"
#include "shell/job_indicator.h"
#include "shell/main_window.h"
#include "shell/welcome_page.h"
#include "style/theme_hub.h"
#include "support/assets.h"
#include "ui/demo_job.h"
#include "ui/fake_core.h"
#include "ui/plain_pages.h"
#include "ui/wait.h"
#include "widgets/message_bar.h"
#include "widgets/row_table.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

using test::fakeScript;
using test::waitFor;

class Runs : public testing::Test {
protected:
    void SetUp() override {
        test::scriptShortJob();
        ASSERT_TRUE(test::writeDemo(path("demo.yaml")));
        test::writeFinishedRun(path("other").toStdString());
        ASSERT_TRUE(window.files()->openPath(path("demo.yaml")));
        window.show();
    }
    QString path(const char* name) const { return QString::fromStdString((folder.path() / name).string()); }
    QString job() { return window.jobs()->launcher()->runFolder(); }
    QString shown() { return window.runStore()->data().folder; }
    QPushButton* messageButton(const QString& text) {
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        for (QPushButton* each : window.messages()->findChildren<QPushButton*>())
            if (each->text() == text) return each;
        return nullptr;
    }
    // What names the run whose figures are on the page; "" where nothing does.
    QString named() {
        auto* strip = window.findChild<RunStrip*>();
        return strip->isVisible() ? strip->findChild<ThemedLabel*>()->text() : QString();
    }

    test::ScratchFolder folder;
    ThemeHub theme{ThemeHub::Mode::Light};
    MainWindow window{&theme, test::plainPages()};
    QSignalSpy finished{window.jobs()->launcher(), &JobLauncher::finished};
};

TEST_F(Runs, TheMessageOfAFinishedJobOpensItsOwnRun) {
    ASSERT_TRUE(window.jobs()->start());
    ASSERT_TRUE(window.files()->openPath(path("other")));
    ASSERT_TRUE(waitFor([&] { return finished.count() == 1; }));
    ASSERT_NE(shown(), job());
    QPushButton* analyze = messageButton(QStringLiteral("Analyze"));
    ASSERT_TRUE(analyze);
    analyze->click();
    EXPECT_EQ(window.page(), pages::kAnalyze);
    EXPECT_EQ(shown(), job());
    for (const QLatin1String page : {pages::kAnalyze, pages::kCompare, pages::kExport}) {
        window.showPage(page);
        EXPECT_EQ(named(), job().section('/', -1));
    }
    window.showPage(pages::kConfigure);
    EXPECT_EQ(named(), QString()) << "figures of no run";
    ASSERT_TRUE(window.files()->openPath(path("other")));
    window.showPage(pages::kCompare);
    EXPECT_TRUE(waitFor([&] { return named() == QStringLiteral("other"); }));
}

TEST_F(Runs, AJobThatFailsOutOfSightIsToldOnceAndByName) {
    fakeScript().failInTraining = true;
    ASSERT_TRUE(window.jobs()->start());
    ASSERT_TRUE(window.files()->openPath(path("other")));
    ASSERT_TRUE(waitFor([&] { return finished.count() == 1; }));
    EXPECT_EQ(window.messages()->count(), 1);
    auto* bar = window.messages()->findChild<QWidget*>(kJobEnd);
    ASSERT_TRUE(bar);
    EXPECT_EQ(bar->accessibleName(), job().section('/', -1) + QStringLiteral(" failed: the disk is full."));
    messageButton(QStringLiteral("Show log"))->click();
    EXPECT_EQ(shown(), job());
    EXPECT_EQ(window.page(), pages::kRun);
    EXPECT_EQ(window.messages()->count(), 0);
}

TEST_F(Runs, TheIndicatorFollowsTheJobWhateverIsShown) {
    fakeScript().epochs = 1000;
    ASSERT_TRUE(window.jobs()->start());
    ASSERT_TRUE(window.files()->openPath(path("other")));
    auto* indicator = window.findChild<JobIndicator*>();
    EXPECT_TRUE(waitFor([&] { return indicator->stage() == QStringLiteral("QAT"); }))
        << indicator->stage().toStdString();
    EXPECT_EQ(shown(), path("other"));
    QTest::mouseClick(indicator, Qt::LeftButton);
    EXPECT_EQ(shown(), job());
    EXPECT_EQ(window.page(), pages::kRun);
    EXPECT_TRUE(waitFor([&] { return indicator->stage() == QStringLiteral("QAT"); }))
        << "from the shown run's feed now";
    window.jobs()->stopIn(job());
    EXPECT_TRUE(window.jobs()->launcher()->isStopping()) << "its own job is stopped without the folder";
}

TEST_F(Runs, ARunOfAnotherProcessIsStoppedThroughItsFolder) {
    const std::filesystem::path watched = path("watched").toStdString();
    std::filesystem::create_directories(watched);
    std::ofstream(watched / "events.jsonl") << R"({"t":0,"type":"run","run_id":"w","stages":["load"]})"
                                            << "\n";
    CancelToken cancel;
    const RunLock lock(watched, cancel);
    ASSERT_TRUE(window.files()->openPath(path("watched")));
    ASSERT_TRUE(waitFor([&] { return window.runStore()->data().status == RunStatus::Running; }));
    window.showPage(pages::kWelcome);
    auto* table = window.findChild<WelcomePage*>()->findChild<RowTable*>();
    const QModelIndex state = table->model()->index(0, 3), stop = table->model()->index(0, 4);
    EXPECT_EQ(state.data().toString(), QStringLiteral("running"));
    ASSERT_EQ(stop.data().toString(), QStringLiteral("Stop"));
    QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, table->visualRect(stop).center());
    EXPECT_TRUE(waitFor([&] { return cancel.level() == StopLevel::FinishBatch; }));
    EXPECT_EQ(window.page(), pages::kWelcome) << "stopping does not open";
    EXPECT_EQ(window.messages()->count(), 1) << "and says what it asked for";
}

TEST_F(Runs, ResumingIsRefusedInASentence) {
    ASSERT_TRUE(window.files()->openPath(path("other")));
    ASSERT_TRUE(waitFor([&] { return window.runStore()->data().status == RunStatus::Completed; }));
    EXPECT_FALSE(window.jobs()->resumeShown());
    EXPECT_EQ(window.messages()->count(), 1);
    fakeScript().epochs = 1000;
    ASSERT_TRUE(window.jobs()->start());
    ASSERT_TRUE(window.files()->openPath(path("other")));
    EXPECT_FALSE(window.jobs()->resumeShown());
    EXPECT_EQ(window.messages()->count(), 1) << "a second job is not begun, and not passed over in silence";
}

}  // namespace
}  // namespace qat::ui
