// The main window: perspectives, the open configuration, the running job. It only connects; the pages do the work.
#pragma once

#include <QMainWindow>
#include <functional>

#include "document/document.h"
#include "document/recent_files.h"
#include "document/recovery.h"
#include "document/selection_hub.h"
#include "feed/run_feed.h"
#include "feed/run_store.h"
#include "pages/page_spec.h"
#include "shell/job_launcher.h"

class QActionGroup;
class QMenu;
class QStackedWidget;
class QToolButton;

namespace qat::ui {

class ConfigurePage;
class ExportPanel;
class JobIndicator;
class MessageStack;
class PageLayout;
class RunStrip;
class RunView;
class ThemedLabel;
class ThemeHub;
class TopBar;
class WelcomePage;

// Key of the offer to run although the gate is closed; it is about the document that was to run.
inline const auto kGateMessage = QStringLiteral("gate");

// Key of what is said of a job that failed or was stopped.
inline const auto kJobEnd = QStringLiteral("job end");

// What to do with a running job when the window is closed.
enum class CloseChoice { KeepRunning, StopAndQuit, Cancel };

class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    // runPages: those that show a run, beside the window's own.
    MainWindow(ThemeHub* hub, const std::vector<PageSpec>& runPages, QWidget* parent = nullptr);
    ~MainWindow() override;

    // A configuration, a run folder (or a file in it), or a model: whatever it is. Failures become a message bar.
    bool openPath(const QString& path);
    // Of the page with this key; one that is not in the list leaves the window as it is.
    void showPage(const QString& key);
    const QString& page() const;  // the key of the one in front
    // Saves if needed and starts the job; false with a message bar if it cannot. overrideGate: although the gate of
    // large models may be closed, which the run's summary then says.
    bool startRun(JobKind kind = JobKind::Pipeline, bool overrideGate = false);
    // Goes on with the shown run from its last checkpoint.
    bool resumeRun() { return resume(m_store.data().folder, false); }
    void stopRun();
    // Stops the job in the folder: this window's own, or that of any process, which is asked through the folder.
    void stopRunIn(const QString& folder);
    // Follows a run folder, finished or running, in Run, Analyze and Compare.
    void openRun(const QString& folder);

    Document* document() { return &m_document; }
    JobLauncher* launcher() { return &m_launcher; }
    RunStore* runStore() { return &m_store; }
    JobIndicator* jobIndicator() { return m_job; }
    TopBar* topBar() { return m_top; }
    SelectionHub* selection() { return &m_selection; }
    MessageStack* messages() { return m_messages; }

    // Replaces the question asked when the window closes during a job; for tests.
    std::function<CloseChoice()> askAboutJob;
    // The same for the question whether a run is to start although the gate is closed; given what the gate misses.
    std::function<bool(const QString& missing)> askAboutGate;
    // And for the choice of a model file; "" = none.
    std::function<QString()> askForModel;

protected:
    void changeEvent(QEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    // main_window.cpp: assembly and what follows from the document's state
    void buildPages();
    void followPages();
    void follow(RunView* view);
    void buildStatusBar();
    void saveLayout() const;
    void restoreLayout();
    void resetLayout();
    void followDocument();
    void refreshTitle();
    void refreshContext();
    void showDocumentContext(const Config& config);
    void showRunContext();
    // main_window_actions.cpp: menus and shortcuts
    void buildMenus();
    void buildFileMenu();
    void buildEditMenu();
    void buildViewMenu();
    void buildRunMenu();
    void buildHelpMenu();
    void buildContextMenus();
    void enableWithDocument(QMenu* menu, const QAction* always);
    void fillRecentMenu(QMenu* menu);
    QAction* addTo(QMenu* menu, const QString& text, const QString& icon, const QKeySequence& keys,
                   std::function<void()> run);
    void showPalette();
    void showAbout();
    void showKeys();
    void showGuide();
    void showManual();
    void copyDiagnostics();
    // main_window_files.cpp: opening and saving
    void newFromPreset(const QString& key);
    void newFromModel(const QString& model);
    bool openConfig(const QString& path);
    void showNewDocument();
    bool mayDiscard();
    bool save();
    bool saveTo(const QString& path, Document::Overwrite overwrite);
    bool saveAs();
    void chooseConfig();
    void chooseRun();
    // New from model makes a document; the checkpoint is that of the open one.
    void chooseModel();
    void chooseCheckpoint();
    QString askUserForModel();
    void chooseData();
    void exportModel();
    void showSampleRun();
    // main_window_disk.cpp: what other programs do to the open file, and what they left of edits
    void showDiskState();
    void offerReload();
    void reload();
    void showDifferences();
    bool isWritten();
    void offerRecovery();
    void recover(const RecoveredEdit& edit);
    // main_window_jobs.cpp: running and closing
    void stopShownRun() { stopRunIn(m_store.data().folder); }
    bool saveForRun();
    bool resume(const QString& folder, bool overrideGate);
    bool launch(const JobRequest& request);
    QString newRunFolder();
    void jobFinished(const JobResult& result);
    void postResult(const JobResult& result);
    void tellEnd(const JobResult& result);
    bool jobIsRun() const;
    bool runPageTellsEnd() const;
    void stopRefused(const QString& folder, const QString& sentence);
    bool showsJob() const;
    void showJob(const QString& page);
    void followJob();
    void refreshRunStrip();
    // main_window_gate.cpp: a run that the gate of large models kept from starting
    void notStarted(const QString& missing);
    void offerOverride(const QString& missing);
    void showGateSettings();
    bool askUserAboutGate(const QString& missing);
    void copyCommand();
    void refreshRunButton();
    CloseChoice askUser();

    ThemeHub* m_hub;
    SelectionHub m_selection;
    Document m_document;
    RecentFiles m_recent;
    Recovery m_recovery;
    RunStore m_store;
    RunFeed m_feed;
    RunStore m_jobStore;  // of the running job, while another run is shown
    RunFeed m_jobFeed;
    JobLauncher m_launcher;

    std::vector<PageSpec> m_pages;
    QStackedWidget* m_stack = nullptr;  // of the pages, in their order
    MessageStack* m_messages = nullptr;
    TopBar* m_top = nullptr;
    WelcomePage* m_welcome = nullptr;
    ConfigurePage* m_configure = nullptr;
    ExportPanel* m_export = nullptr;
    JobIndicator* m_job = nullptr;
    RunStrip* m_runStrip = nullptr;
    ThemedLabel* m_modelState = nullptr;
    QToolButton* m_issues = nullptr;
    QAction* m_runAction = nullptr;
    QAction* m_stopAction = nullptr;
    QAction* m_resumeAction = nullptr;
    QAction* m_saveAction = nullptr;
    QMenu* m_recentMenu = nullptr;
    QString m_runOut;  // chosen run folder, "" = a new one beside the configuration
    // The job that runs or ran last: what it was asked, and what there was before it.
    struct Launched {
        JobRequest request;
        QString runOut, shownBefore;
        bool madeFolder = false;
        qint64 eventBytes = 0;
    };
    Launched m_launched;
    bool m_closeWhenIdle = false;
    QList<PageLayout*> m_layouts;
};

}  // namespace qat::ui
