// The main window: a frame around pages. Its controllers do the work, one for each thing that is looked after.
#pragma once

#include <QMainWindow>
#include <memory>
#include <vector>

#include "document/document.h"
#include "document/recent_files.h"
#include "document/selection_hub.h"
#include "pages/page_spec.h"
#include "shell/job_launcher.h"
#include "shell/run_viewer.h"
#include "shell/window_frame.h"

class QStackedWidget;

namespace qat::ui {

class CloseController;
class ConfigurePage;
class DiskController;
class ExportPanel;
class FileController;
class GateController;
class HelpWindows;
class JobController;
class MainMenu;
class MessageStack;
class RunStrip;
class RunView;
class ThemeHub;
class TopBar;
class WelcomePage;
class WindowLayout;
class WindowStatus;

class MainWindow : public QMainWindow, private WindowFrame {
    Q_OBJECT
public:
    // runPages: those that show a run, beside the window's own.
    MainWindow(ThemeHub* hub, const std::vector<PageSpec>& runPages, QWidget* parent = nullptr);
    ~MainWindow() override;

    void showPage(const QString& key) override;
    const QString& page() const override;

    FileController* files() { return m_files.get(); }
    JobController* jobs() { return m_jobs.get(); }
    GateController* gate() { return m_gate.get(); }
    CloseController* closing() { return m_closing.get(); }
    Document* document() { return &m_document; }
    RunStore* runStore() { return m_viewer.store(); }
    TopBar* topBar() { return m_top; }
    SelectionHub* selection() { return &m_selection; }
    MessageStack* messages() { return m_messages; }

protected:
    void closeEvent(QCloseEvent* event) override;

private:
    void followRun(const QString& folder) override;
    void openRun(const QString& folder) override;
    void buildCentre();
    void buildPages();
    void buildControllers();
    void follow(RunView* view);
    void followWelcome();
    void followControllers();
    void showSampleRun();
    void refreshRunStrip();

    ThemeHub* m_hub;
    SelectionHub m_selection;
    Document m_document;
    RecentFiles m_recent;
    JobLauncher m_launcher;
    RunViewer m_viewer;
    std::vector<PageSpec> m_pages;
    QStackedWidget* m_stack = nullptr;  // of the pages, in their order
    MessageStack* m_messages = nullptr;
    TopBar* m_top = nullptr;
    RunStrip* m_runStrip = nullptr;
    WelcomePage* m_welcome = nullptr;
    ConfigurePage* m_configure = nullptr;
    ExportPanel* m_export = nullptr;
    // In the order in which they know each other.
    std::unique_ptr<WindowLayout> m_layout;
    std::unique_ptr<HelpWindows> m_help;
    std::unique_ptr<FileController> m_files;
    std::unique_ptr<DiskController> m_disk;
    std::unique_ptr<JobController> m_jobs;
    std::unique_ptr<GateController> m_gate;
    std::unique_ptr<CloseController> m_closing;
    std::unique_ptr<MainMenu> m_menu;
    std::unique_ptr<WindowStatus> m_status;
};

}  // namespace qat::ui
