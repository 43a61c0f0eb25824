// The menus of the window, those of its tool bar, and the palette: what can be done, and by which keys.
#pragma once

#include <QKeySequence>
#include <QObject>
#include <functional>
#include <vector>

#include "pages/page_spec.h"
#include "shell/window_frame.h"

class QAction;
class QMenu;

namespace qat::ui {

class ConfigurePage;
class FileController;
class HelpWindows;
class JobController;
class RunViewer;
class TopBar;
class WindowLayout;

// Those whose functions the actions call; all of them outlive the menu.
struct MenuTargets {
    FileController* files = nullptr;
    JobController* jobs = nullptr;
    HelpWindows* help = nullptr;
    WindowLayout* layout = nullptr;
    RunViewer* viewer = nullptr;
    SelectionHub* selection = nullptr;
    TopBar* top = nullptr;
    ConfigurePage* configure = nullptr;
    const std::vector<PageSpec>* pages = nullptr;
};

class MainMenu : public QObject {
    Q_OBJECT
public:
    MainMenu(const WindowParts& parts, const MenuTargets& targets);
    // Which actions can be taken now.
    void enableSave(bool on);
    void enableRun(bool run, bool stop, bool resume);
    // Every action, and the layers of the open model, to be found by a few letters.
    void showPalette();

private:
    void buildFileMenu();
    void fillRecentMenu(QMenu* menu);
    void buildEditMenu();
    void buildViewMenu();
    void buildThemes(QMenu* menu);
    void buildRunMenu();
    void buildHelpMenu();
    void buildModelMenu();
    void buildDataMenu();
    void buildConfigMenu();
    void enableWithDocument(QMenu* menu, const QAction* always);
    void exportModel();
    QAction* addTo(QMenu* menu, const QString& text, const QString& icon, const QKeySequence& keys,
                   std::function<void()> run);

    WindowParts m_parts;
    MenuTargets m_to;
    QAction* m_run = nullptr;
    QAction* m_stop = nullptr;
    QAction* m_resume = nullptr;
    QAction* m_save = nullptr;
};

}  // namespace qat::ui
