// The running job in the status bar: name, stage, bar, time left, Stop.
#pragma once

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

class QToolButton;

namespace qat::ui {

class JobLauncher;
class RunStore;
struct RunData;
class ThemeHub;
class ThemedLabel;

class JobIndicator : public QWidget {
    Q_OBJECT
public:
    // The job's progress is in `shown` while that is its run, else in `own`.
    JobIndicator(const ThemeHub& hub, JobLauncher* launcher, RunStore* shown, RunStore* own, QWidget* parent = nullptr);
    QString stage() const;  // what it says of the job's stage; "" without a job

Q_SIGNALS:
    void clicked();  // asks for the job's run

protected:
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    class Bar;
    void refresh();
    void refreshStop();
    const RunData& job() const;

    const ThemeHub& m_hub;
    JobLauncher* m_launcher;
    RunStore* m_shown;
    RunStore* m_own;
    ThemedLabel* m_name;
    ThemedLabel* m_stage;
    Bar* m_bar;
    ThemedLabel* m_left;
    QToolButton* m_stop;
    QElapsedTimer m_sinceStop;
    QTimer m_timer;
};

}  // namespace qat::ui
