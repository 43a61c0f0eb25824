// The window over the real core: it answers while a run trains in it, and the buttons of its pages do what they say.
#include <gtest/gtest.h>

#include <QEventLoop>
#include <QFile>
#include <QPushButton>
#include <QTimer>
#include <cstdio>

#include "run_pages.h"
#include "shell/file_controller.h"
#include "shell/job_controller.h"
#include "shell/main_window.h"
#include "style/theme_hub.h"
#include "support/assets.h"
#include "ui/wait.h"
#include "ui_live/user.h"
#include "ui_live/watchdog.h"

namespace qat::ui {
namespace {

using test::waitFor;

constexpr int kActionEveryMs = 60;
constexpr int kLongestRunMs = 240000;
constexpr double kAnswerMs = 50;    // within which people take an answer as given at once
constexpr double kBlockedMs = 750;  // a window made for the first time, as the manual, takes 70 to 370

constexpr const char* kConfig = R"(# a run of some seconds
model:
  pretrained_path: "builtin:shapes"
data:
  path: "shapes:train=64,val=16"
  imgsz: 160
quantization:
  weight:
    bit_width: 4
calibration:
  num_batches: 2
train_params:
  epochs: 2
  batch_size: 16
  nominal_batch: 16
analysis:
  preview_images: 8
sensitivity:
  bits: [4]
  samples: 2
export:
  formats: ["onnx"]
  validate: false
)";

class LiveTest : public testing::Test {
protected:
    void SetUp() override {
        const QString config = QString::fromStdString((folder.path() / "live.yaml").string());
        QFile file(config);
        ASSERT_TRUE(file.open(QIODevice::WriteOnly));
        file.write(kConfig);
        file.close();
        const QByteArray longer = qgetenv("QATELIER_LIVE_CONFIG");  // for measuring over a longer run
        ASSERT_TRUE(window.files()->openPath(longer.isEmpty() ? config : QString::fromLocal8Bit(longer)));
        window.show();
    }
    QPushButton* button(const QString& text) {
        for (QPushButton* found : window.centralWidget()->findChildren<QPushButton*>())
            if (found->isVisible() && found->text().contains(text)) return found;
        return nullptr;
    }

    test::ScratchFolder folder;
    ThemeHub theme{ThemeHub::Mode::Light};
    MainWindow window{&theme, runPages()};
};

// The time of the loop itself, whatever else the machine does: hardly any event waits, and none for long.
TEST_F(LiveTest, AnswersWhileARunGoesOn) {
    bool done = false;
    JobResult result;
    QObject::connect(window.jobs()->launcher(), &JobLauncher::finished, [&](const JobResult& r) {
        result = r;
        done = true;
    });
    test::User user(window, theme);
    test::Watchdog watchdog;
    ASSERT_TRUE(window.jobs()->start());
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout,
                     [&] { user.act([&](const QString& what) { watchdog.setActivity(what); }); });
    timer.start(kActionEveryMs);
    QEventLoop loop;  // sleeps between events, as the program does: the run has the cores to itself
    QTimer poll;
    QObject::connect(&poll, &QTimer::timeout, [&] {
        if (done && user.rounds() > 0) loop.quit();
    });
    poll.start(kActionEveryMs);
    QTimer::singleShot(kLongestRunMs, &loop, &QEventLoop::quit);
    loop.exec();
    timer.stop();
    ASSERT_TRUE(done);
    EXPECT_FALSE(result.failed) << result.error.toStdString();
    std::printf("%zu events: median %.1f ms, 99 %% within %.1f ms, worst %.1f ms\n", watchdog.delays().size(),
                watchdog.quantile(0.5), watchdog.quantile(0.99), watchdog.quantile(1));
    for (const auto& [ms, during] : watchdog.worst(12)) std::printf("  %6.1f ms  %s\n", ms, qPrintable(during));
    EXPECT_LT(watchdog.quantile(0.99), kAnswerMs);
    EXPECT_LT(watchdog.quantile(1), kBlockedMs);
}

TEST_F(LiveTest, ButtonsOfTheRunPageStartAndStop) {
    window.showPage(pages::kRun);
    QPushButton* start = button(QStringLiteral("Run pipeline"));
    ASSERT_TRUE(start);
    start->click();
    ASSERT_TRUE(window.jobs()->launcher()->isRunning());
    ASSERT_TRUE(waitFor([&] { return button(QStringLiteral("Stop")) != nullptr; }));
    button(QStringLiteral("Stop"))->click();
    // On a machine that others use, the run may have ended before the click.
    EXPECT_TRUE(window.jobs()->launcher()->isStopping() || !window.jobs()->launcher()->isRunning());
    ASSERT_TRUE(waitFor([&] { return !window.jobs()->launcher()->isRunning(); }, kLongestRunMs));
}

}  // namespace
}  // namespace qat::ui
