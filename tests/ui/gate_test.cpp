// A run that the gate of large models keeps from starting: nothing is left behind, and it can be run nevertheless.
#include <gtest/gtest.h>

#include <QDir>
#include <QFile>
#include <QPushButton>
#include <QSignalSpy>

#include "shell/file_controller.h"
#include "shell/gate_controller.h"
#include "shell/job_controller.h"
#include "shell/main_window.h"
#include "shell/presets.h"
#include "style/theme_hub.h"
#include "support/assets.h"
#include "ui/demo_job.h"
#include "ui/fake_core.h"
#include "ui/plain_pages.h"
#include "ui/wait.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

using test::fakeScript;
using test::waitFor;

class ClosedGate : public testing::Test {
protected:
    void SetUp() override {
        fakeScript().epochs = 1;
        fakeScript().stepsPerEpoch = 2;
        fakeScript().stepMs = 1;
        fakeScript().failInTraining = false;
        fakeScript().gateClosed = true;
        ASSERT_TRUE(test::writeDemo(path("demo.yaml")));
        window.gate()->ask = [this](const QString& missing) {
            asked.append(missing);
            return answer;
        };
    }
    void TearDown() override { fakeScript().gateClosed = false; }
    QString path(const char* name) const { return QString::fromStdString((folder.path() / name).string()); }
    void expectFinished(int jobs) {
        ASSERT_TRUE(waitFor([&] { return finished.count() == jobs; }));
    }
    QPushButton* button(const QString& text) {
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);  // bars that were withdrawn
        for (QPushButton* each : window.messages()->findChildren<QPushButton*>())
            if (each->text() == text) return each;
        return nullptr;
    }
    void click(const QString& text) {
        QPushButton* found = button(text);
        ASSERT_TRUE(found) << text.toStdString();
        found->click();
    }

    const QString runAnyway = QStringLiteral("Run anyway…");
    test::ScratchFolder folder;
    ThemeHub theme{ThemeHub::Mode::Light};
    MainWindow window{&theme, test::plainPages()};
    QSignalSpy finished{window.jobs()->launcher(), &JobLauncher::finished};
    QStringList asked;
    bool answer = true;
};

TEST_F(ClosedGate, LeavesNothingBehind) {
    const QString before = path("before");
    test::writeFinishedRun(before.toStdString());
    ASSERT_TRUE(window.files()->openPath(before));
    ASSERT_TRUE(window.files()->openPath(path("demo.yaml")));
    ASSERT_TRUE(window.jobs()->start());
    expectFinished(1);
    EXPECT_FALSE(QFile::exists(window.jobs()->launcher()->runFolder()));
    EXPECT_EQ(window.page(), pages::kConfigure);
    EXPECT_TRUE(waitFor([&] { return window.runStore()->data().status == RunStatus::Completed; }));
    EXPECT_EQ(window.runStore()->data().folder, before) << "the run that was shown is shown again";
    EXPECT_EQ(window.messages()->count(), 1);
}

TEST_F(ClosedGate, RunsAnywayWhenToldTwice) {
    ASSERT_TRUE(window.files()->openPath(path("demo.yaml")));
    ASSERT_TRUE(window.jobs()->start());
    expectFinished(1);
    answer = false;
    click(runAnyway);
    EXPECT_EQ(asked, QStringList{QStringLiteral("model.variant is m, which needs 2 stable runs")});
    EXPECT_FALSE(window.jobs()->launcher()->isRunning());
    answer = true;
    click(runAnyway);
    EXPECT_EQ(asked.size(), 2) << "thinking better of it keeps the offer";
    expectFinished(2);
    EXPECT_EQ(window.page(), pages::kRun);
    EXPECT_TRUE(waitFor([&] { return window.runStore()->data().summary.present; }));
    EXPECT_EQ(window.runStore()->data().summary.overriddenGate, asked.first());
}

TEST_F(ClosedGate, TheNextRunAsksAgain) {
    ASSERT_TRUE(window.files()->openPath(path("demo.yaml")));
    ASSERT_TRUE(window.jobs()->start());
    expectFinished(1);
    click(runAnyway);
    expectFinished(2);
    ASSERT_TRUE(window.jobs()->start());
    expectFinished(3);
    EXPECT_TRUE(button(runAnyway)) << "an override is for one run";
}

TEST_F(ClosedGate, AnotherConfigurationEndsTheOffer) {
    ASSERT_TRUE(window.files()->openPath(path("demo.yaml")));
    ASSERT_TRUE(window.jobs()->start());
    expectFinished(1);
    ASSERT_TRUE(button(runAnyway));
    ASSERT_TRUE(window.files()->openPath(path("demo.yaml")));
    EXPECT_FALSE(button(runAnyway));
}

TEST_F(ClosedGate, AResumedRunStaysAResumedRun) {
    const QString run = path("run");
    test::writeFinishedRun(run.toStdString());
    QFile kept(run + QStringLiteral("/config.yaml"));
    ASSERT_TRUE(kept.open(QIODevice::WriteOnly));
    ASSERT_TRUE(window.files()->openPath(run));
    ASSERT_TRUE(waitFor([&] { return window.runStore()->data().status == RunStatus::Completed; }));
    ASSERT_TRUE(window.jobs()->resumeShown());
    expectFinished(1);
    EXPECT_EQ(window.page(), pages::kRun);
    EXPECT_TRUE(QFile::exists(run + QStringLiteral("/events.jsonl")));
    fakeScript().wasResumed = false;
    click(runAnyway);
    expectFinished(2);
    EXPECT_TRUE(fakeScript().wasResumed);
    EXPECT_EQ(window.jobs()->launcher()->runFolder(), run);
}

}  // namespace
}  // namespace qat::ui
