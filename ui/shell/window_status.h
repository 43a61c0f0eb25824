// What is open and what can be done, in title, tool bar, status bar and menu.
#pragma once

#include <QObject>

#include "shell/window_frame.h"

class QToolButton;

namespace qat {
struct Config;
}

namespace qat::ui {

class JobController;
class MainMenu;
class RunViewer;
class ThemedLabel;
class TopBar;

class WindowStatus : public QObject {
    Q_OBJECT
public:
    // All of them outlive it.
    WindowStatus(const WindowParts& parts, JobController* jobs, RunViewer* viewer, TopBar* top, MainMenu* menu);
    // The one primary button of the tool bar; it depends on the page, too.
    void refreshRunButton();

Q_SIGNALS:
    void issuesClicked();

private:
    void buildStatusBar();
    void followAll();
    void refreshTitle();
    void refreshContext();
    void refreshIssues();
    void showDocumentContext(const Config& config);
    void showRunContext();

    WindowParts m_parts;
    JobController* m_jobs;
    RunViewer* m_viewer;
    TopBar* m_top;
    MainMenu* m_menu;
    ThemedLabel* m_modelState = nullptr;
    QToolButton* m_issues = nullptr;
};

}  // namespace qat::ui
