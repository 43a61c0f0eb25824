// The running job in the status bar: name, stage, bar, time left, Stop.
#pragma once

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

class QToolButton;

namespace qat::ui {

class JobLauncher;
class RunStore;
class ThemeHub;
class ThemedLabel;

class JobIndicator : public QWidget {
    Q_OBJECT
public:
    JobIndicator(const ThemeHub& hub, JobLauncher* launcher, RunStore* store, QWidget* parent = nullptr);

Q_SIGNALS:
    void clicked();  // asks for the Run page

protected:
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    class Bar;
    void refresh();
    void refreshStop();

    const ThemeHub& m_hub;
    JobLauncher* m_launcher;
    RunStore* m_store;
    ThemedLabel* m_name;
    ThemedLabel* m_stage;
    Bar* m_bar;
    ThemedLabel* m_left;
    QToolButton* m_stop;
    QElapsedTimer m_sinceStop;
    QTimer m_timer;
};

}  // namespace qat::ui
