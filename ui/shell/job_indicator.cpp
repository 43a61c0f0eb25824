// Keeps the status bar's job line up to date.
#include "shell/job_indicator.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QMouseEvent>
#include <QPainter>
#include <QToolButton>

#include "feed/run_store.h"
#include "shell/job_launcher.h"
#include "style/chip.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/format.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr int kForceAfterMs = 5000;
constexpr int kRefreshMs = 500;

}  // namespace

class JobIndicator::Bar : public QWidget {
public:
    Bar(const ThemeHub& hub, QWidget* parent) : QWidget(parent), m_hub(hub) { setFixedSize(hub.px(150), hub.px(12)); }
    void setShare(double share) {
        m_share = share;
        update();
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        paintProgress(painter, rect(), m_share, m_hub.theme());
    }

private:
    const ThemeHub& m_hub;
    double m_share = 0;
};

JobIndicator::JobIndicator(const ThemeHub& hub, JobLauncher* launcher, RunStore* shown, RunStore* own, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_launcher(launcher), m_shown(shown), m_own(own) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(hub.px(12), 0, 0, 0);
    row->setSpacing(hub.px(8));
    m_name = new ThemedLabel(hub, {}, TextStyle::Small, Color::Text, this);
    m_stage = new ThemedLabel(hub, {}, TextStyle::Small, Color::Text2, this);
    m_bar = new Bar(hub, this);
    m_left = new ThemedLabel(hub, {}, TextStyle::Small, Color::Text2, this);
    m_stop = new QToolButton(this);
    m_stop->setAutoRaise(true);
    m_stop->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_stop->setIcon(themeIcon(hub, QStringLiteral("stop")));
    m_stop->setIconSize(QSize(hub.px(12), hub.px(12)));
    m_stop->setFont(hub.theme().small);
    for (QWidget* part : std::initializer_list<QWidget*>{m_name, m_stage, m_bar, m_left, m_stop}) row->addWidget(part);
    row->addStretch(1);
    setAccessibleName(tr("Running job"));
    connect(m_stop, &QToolButton::clicked, this, [this] {
        const bool force = m_launcher->isStopping() && m_sinceStop.isValid() && m_sinceStop.elapsed() >= kForceAfterMs;
        m_launcher->stop(force ? StopLevel::Abandon : StopLevel::FinishBatch);
    });
    connect(launcher, &JobLauncher::stopping, this, [this] {
        if (!m_sinceStop.isValid()) m_sinceStop.start();
        refresh();
    });
    connect(launcher, &JobLauncher::started, this, [this] {
        m_sinceStop.invalidate();
        m_timer.start();
        refresh();
    });
    connect(launcher, &JobLauncher::finished, this, [this] {
        m_timer.stop();
        refresh();
    });
    for (const RunStore* store : {shown, own}) connect(store, &RunStore::changed, this, &JobIndicator::refresh);
    m_timer.setInterval(kRefreshMs);
    connect(&m_timer, &QTimer::timeout, this, &JobIndicator::refresh);
    refresh();
}

void JobIndicator::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && m_launcher->isRunning()) Q_EMIT clicked();
}

const RunData& JobIndicator::job() const {
    return m_shown->data().folder == m_launcher->runFolder() ? m_shown->data() : m_own->data();
}

QString JobIndicator::stage() const {
    return m_launcher->isRunning() ? m_stage->text() : QString();
}

void JobIndicator::refresh() {
    const bool running = m_launcher->isRunning();
    for (QWidget* part : std::initializer_list<QWidget*>{m_stage, m_bar, m_left, m_stop}) part->setVisible(running);
    m_name->setColor(running ? Color::Text : Color::Text2);
    if (!running) return m_name->setText(tr("Ready"));
    m_name->setText(QFileInfo(m_launcher->runFolder()).fileName());
    const RunData& data = job();
    const RunStage* stage = data.currentStage();
    m_stage->setText(stage ? stageTitle(stage->name) : data.stages.empty() ? tr("starting") : tr("between stages"));
    m_bar->setShare(stage && stage->total > 0 ? double(stage->done) / double(stage->total) : 0);
    const auto left = data.remainingSeconds();
    m_left->setText(left ? tr("%1 left in this stage").arg(formatDuration(*left)) : QString());
    refreshStop();
}

void JobIndicator::refreshStop() {
    if (!m_launcher->isStopping()) {
        m_stop->setText(tr("Stop"));
        m_stop->setToolTip(tr("Finish the batch, write a checkpoint and stop"));
        m_stop->setEnabled(true);
        return;
    }
    const bool force = m_sinceStop.elapsed() >= kForceAfterMs;
    m_stop->setText(force ? tr("Force stop") : tr("Stopping after this batch, %1 s").arg(m_sinceStop.elapsed() / 1000));
    m_stop->setToolTip(force ? tr("Leave at once; the work since the last checkpoint is lost") : QString());
    m_stop->setEnabled(force);
}

}  // namespace qat::ui
