// An action is a text, an icon, keys, and a call of whoever does it.
#include "shell/main_menu.h"

#include <QActionGroup>
#include <QDesktopServices>
#include <QFileDialog>
#include <QFileInfo>
#include <QMainWindow>
#include <QMenu>
#include <QMenuBar>
#include <QSettings>
#include <QUndoStack>
#include <QUrl>

#include "configure/configure_page.h"
#include "document/document.h"
#include "document/recent_files.h"
#include "document/selection_hub.h"
#include "exporting/export_dialog.h"
#include "shell/command_palette.h"
#include "shell/file_controller.h"
#include "shell/help_windows.h"
#include "shell/job_controller.h"
#include "shell/menu_actions.h"
#include "shell/presets.h"
#include "shell/run_viewer.h"
#include "shell/top_bar.h"
#include "shell/window_layout.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {
namespace {

constexpr int kMostLayersInPalette = 5000;

}  // namespace

MainMenu::MainMenu(const WindowParts& parts, const MenuTargets& targets) : m_parts(parts), m_to(targets) {
    buildFileMenu();
    buildEditMenu();
    buildViewMenu();
    buildRunMenu();
    buildHelpMenu();
    buildModelMenu();
    buildDataMenu();
    buildConfigMenu();
}

void MainMenu::enableSave(bool on) {
    m_save->setEnabled(on);
}

void MainMenu::enableRun(bool run, bool stop, bool resume) {
    m_run->setEnabled(run);
    m_stop->setEnabled(stop);
    m_resume->setEnabled(resume);
}

void MainMenu::exportModel() {
    ExportDialog dialog(*m_parts.hub, m_to.viewer->data().folder, m_parts.window);
    dialog.exec();
}

QAction* MainMenu::addTo(QMenu* menu, const QString& text, const QString& icon, const QKeySequence& keys,
                         std::function<void()> run) {
    QAction* action = menu->addAction(themeIcon(*m_parts.hub, icon), text);
    action->setShortcut(keys);
    connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
    return action;
}

void MainMenu::buildFileMenu() {
    QMenu* menu = m_parts.window->menuBar()->addMenu(tr("&File"));
    QMenu* fresh = menu->addMenu(themeIcon(*m_parts.hub, QStringLiteral("plus")), tr("&New from preset"));
    for (const Preset& preset : presets())
        addTo(fresh, preset.name, {},
              preset.key == QLatin1String("w4a8") ? QKeySequence(QKeySequence::New) : QKeySequence(),
              [this, key = preset.key] { m_to.files->newFromPreset(key); });
    fresh->addSeparator();
    addTo(fresh, tr("Sample project"), {}, {}, [this] { m_to.files->newFromPreset(QStringLiteral("demo")); });
    addTo(menu, tr("&Open config…"), QStringLiteral("open"), QKeySequence::Open,
          [this] { m_to.files->chooseConfig(); });
    addTo(menu, tr("Open &run folder…"), QStringLiteral("queue"), QKeySequence(tr("Ctrl+Shift+O")),
          [this] { m_to.files->chooseRun(); });
    addTo(menu, tr("New from &model…"), QStringLiteral("box"), QKeySequence(tr("Ctrl+I")),
          [this] { m_to.files->chooseModel(); });
    QMenu* recent = menu->addMenu(themeIcon(*m_parts.hub, QStringLiteral("clock")), tr("Open re&cent"));
    connect(recent, &QMenu::aboutToShow, this, [this, recent] { fillRecentMenu(recent); });
    menu->addSeparator();
    m_save = addTo(menu, tr("&Save"), QStringLiteral("save"), QKeySequence::Save, [this] { m_to.files->save(); });
    addTo(menu, tr("Save &as…"), {}, QKeySequence::SaveAs, [this] { m_to.files->saveAs(); });
    menu->addSeparator();
    addTo(menu, tr("&Export model…"), QStringLiteral("export"), QKeySequence(tr("Ctrl+E")), [this] { exportModel(); });
    menu->addSeparator();
    addTo(menu, tr("&Quit"), {}, QKeySequence(tr("Ctrl+Q")), [this] { m_parts.window->close(); });
}

void MainMenu::fillRecentMenu(QMenu* menu) {
    menu->clear();
    for (const RecentItem& item : m_parts.recent->items())
        addTo(menu, QFileInfo(item.path).fileName(), item.isRun ? QStringLiteral("queue") : QStringLiteral("file"), {},
              [this, path = item.path] { m_to.files->openPath(path); })
            ->setToolTip(item.path);
    if (menu->isEmpty())
        menu->addAction(tr("Nothing yet"))->setEnabled(false);
    else
        addTo(menu, tr("Clear list"), {}, {}, [this] { m_parts.recent->clear(); });
}

void MainMenu::buildEditMenu() {
    QMenu* menu = m_parts.window->menuBar()->addMenu(tr("&Edit"));
    QAction* undo = m_parts.document->undoStack()->createUndoAction(m_parts.window, tr("&Undo"));
    undo->setShortcut(QKeySequence::Undo);
    undo->setIcon(themeIcon(*m_parts.hub, QStringLiteral("undo")));
    QAction* redo = m_parts.document->undoStack()->createRedoAction(m_parts.window, tr("&Redo"));
    redo->setShortcuts({QKeySequence(tr("Ctrl+Shift+Z")), QKeySequence(tr("Ctrl+Y"))});
    menu->addActions({undo, redo});
    menu->addSeparator();
    addTo(menu, tr("&Find action or layer…"), QStringLiteral("search"), QKeySequence(tr("Ctrl+K")),
          [this] { showPalette(); });
    addTo(menu, tr("Filter &layers"), QStringLiteral("filter"), QKeySequence(tr("Ctrl+F")), [this] {
        m_parts.frame->showPage(pages::kConfigure);
        m_to.configure->focusFilter();
    });
    addTo(menu, tr("&Next issue"), QStringLiteral("warning"), QKeySequence(tr("F8")), [this] {
        m_parts.frame->showPage(pages::kConfigure);
        m_to.configure->showNextIssue();
    });
    addTo(menu, tr("&Placement findings"), QStringLiteral("device"), QKeySequence(tr("Ctrl+Shift+P")), [this] {
        m_parts.frame->showPage(pages::kConfigure);
        m_to.configure->showPlacement();
    });
}

void MainMenu::buildViewMenu() {
    QMenu* menu = m_parts.window->menuBar()->addMenu(tr("&View"));
    for (const PageSpec& page : *m_to.pages)
        addTo(menu, page.title, {}, QKeySequence(page.shortcut),
              [this, key = page.key] { m_parts.frame->showPage(key); });
    menu->addSeparator();
    buildThemes(menu);
    addTo(menu, tr("Re&set layout"), QStringLiteral("reset"), {}, [this] { m_to.layout->reset(); });
}

void MainMenu::buildThemes(QMenu* menu) {
    QMenu* themes = menu->addMenu(themeIcon(*m_parts.hub, QStringLiteral("moon")), tr("&Theme"));
    auto* group = new QActionGroup(m_parts.window);
    const std::pair<QString, ThemeHub::Mode> modes[] = {{tr("As the &desktop"), ThemeHub::Mode::System},
                                                        {tr("&Light"), ThemeHub::Mode::Light},
                                                        {tr("Da&rk"), ThemeHub::Mode::Dark}};
    for (const auto& [text, mode] : modes) {
        QAction* action = addTo(themes, text, {}, {}, [this, chosen = mode] {
            m_parts.hub->setMode(chosen);
            QSettings().setValue(QStringLiteral("theme"), static_cast<int>(chosen));
        });
        action->setCheckable(true);
        action->setChecked(m_parts.hub->mode() == mode);
        group->addAction(action);
    }
}

void MainMenu::buildRunMenu() {
    QMenu* menu = m_parts.window->menuBar()->addMenu(tr("&Run"));
    m_run = addTo(menu, tr("&Run pipeline"), QStringLiteral("play"), QKeySequence(tr("F5")),
                  [this] { m_to.jobs->start(); });
    m_stop = addTo(menu, tr("&Stop after batch"), QStringLiteral("stop"), QKeySequence(tr("Shift+F5")),
                   [this] { m_to.jobs->launcher()->isRunning() ? m_to.jobs->stop() : m_to.jobs->stopShown(); });
    m_resume = addTo(menu, tr("R&esume shown run"), QStringLiteral("reset"), {}, [this] { m_to.jobs->resumeShown(); });
    addTo(menu, tr("Measure sens&itivity only"), QStringLiteral("bars"), {},
          [this] { m_to.jobs->start(JobKind::Sensitivity); });
    menu->addSeparator();
    addTo(menu, tr("Run into &folder…"), QStringLiteral("folder"), {}, [this] {
        const QString folder =
            QFileDialog::getExistingDirectory(m_parts.window, tr("Choose run folder"), m_parts.document->folder());
        if (!folder.isEmpty()) m_to.jobs->runInto(folder);
    });
    addTo(menu, tr("&Copy command"), QStringLiteral("terminal"), {}, [this] { m_to.jobs->copyCommand(); });
    addTo(menu, tr("&Open run folder in file manager"), {}, {}, [this] {
        const QString folder = m_to.viewer->data().folder;
        if (!folder.isEmpty()) QDesktopServices::openUrl(QUrl::fromLocalFile(folder));
    });
}

void MainMenu::buildHelpMenu() {
    QMenu* menu = m_parts.window->menuBar()->addMenu(tr("&Help"));
    addTo(menu, tr("&Manual"), QStringLiteral("book"), QKeySequence(tr("F1")), [this] { m_to.help->showManual(); });
    addTo(menu, tr("&Config guide"), {}, QKeySequence(tr("Shift+F1")), [this] { m_to.help->showGuide(); });
    addTo(menu, tr("&Keyboard map"), {}, QKeySequence(tr("Ctrl+?")), [this] { m_to.help->showKeys(); });
    addTo(menu, tr("Copy &diagnostics"), QStringLiteral("copy"), {}, [this] { m_to.help->copyDiagnostics(); });
    menu->addSeparator();
    addTo(menu, tr("&About Qatelier"), QStringLiteral("info"), {}, [this] { m_to.help->showAbout(); });
}

// What changes the configuration needs one; the model and the data of a run that is only shown cannot be changed.
void MainMenu::enableWithDocument(QMenu* menu, const QAction* always) {
    connect(menu, &QMenu::aboutToShow, this, [this, menu, always] {
        for (QAction* action : menu->actions()) action->setEnabled(action == always || m_parts.document->isOpen());
    });
}

void MainMenu::buildModelMenu() {
    auto* model = new QMenu(m_parts.window);
    addTo(model, tr("Choose checkpoint…"), QStringLiteral("box"), {}, [this] { m_to.files->chooseCheckpoint(); });
    addTo(model, tr("Choose table of layers…"), {}, {}, [this] { m_to.files->chooseTable(); });
    addTo(model, tr("Bundled shapes detector"), QStringLiteral("grid"), {},
          [this] { m_to.files->setValue(QStringLiteral("model.pretrained_path"), QStringLiteral("builtin:shapes")); });
    addTo(model, tr("Random weights"), {}, {},
          [this] { m_to.files->setValue(QStringLiteral("model.pretrained_path"), QStringLiteral("")); });
    model->addSeparator();
    for (const char* variant : {"n", "s", "m", "l", "x"})
        addTo(model, tr("Variant %1").arg(QLatin1String(variant)), {}, {},
              [this, variant] { m_to.files->setValue(QStringLiteral("model.variant"), QLatin1String(variant)); });
    m_to.top->model()->setMenu(model);
    enableWithDocument(model, model->actions().first());
}

void MainMenu::buildDataMenu() {
    auto* data = new QMenu(m_parts.window);
    addTo(data, tr("Choose data set…"), QStringLiteral("image"), {}, [this] { m_to.files->chooseData(); });
    addTo(data, tr("Synthetic shapes"), QStringLiteral("grid"), {},
          [this] { m_to.files->setValue(QStringLiteral("data.path"), QStringLiteral("shapes")); });
    m_to.top->data()->setMenu(data);
    enableWithDocument(data, nullptr);
}

void MainMenu::buildConfigMenu() {
    auto* config = new QMenu(m_parts.window);
    connect(config, &QMenu::aboutToShow, this, [this, config] {
        fillRecentMenu(config);
        config->addSeparator();
        for (const Preset& preset : presets())
            addTo(config, tr("New: %1").arg(preset.name), QStringLiteral("plus"), {},
                  [this, key = preset.key] { m_to.files->newFromPreset(key); });
    });
    m_to.top->config()->setMenu(config);
}

void MainMenu::showPalette() {
    std::vector<PaletteEntry> entries;
    for (const auto& [name, action] : menuActions(*m_parts.window->menuBar()))
        entries.push_back(
            {name, action->shortcut().toString(QKeySequence::NativeText), [action = action] { action->trigger(); }});
    if (const auto model = m_parts.document->described().model())
        for (const LayerInfo& layer : model->layers) {
            if (entries.size() > kMostLayersInPalette) break;
            const QString name = QString::fromStdString(layer.name);
            entries.push_back({name, tr("layer"), [this, name] {
                                   const LayerId id = m_to.selection->idOf(name);
                                   m_to.selection->select({id}, this, id);
                                   if (m_parts.frame->page() == pages::kWelcome || m_parts.frame->page() == pages::kRun)
                                       m_parts.frame->showPage(pages::kConfigure);
                               }});
        }
    auto* palette = new CommandPalette(*m_parts.hub, std::move(entries), m_parts.window);
    palette->move(
        m_parts.window->mapToGlobal(QPoint((m_parts.window->width() - palette->width()) / 2, m_parts.hub->px(84))));
    palette->show();
}

}  // namespace qat::ui
