// Menus, shortcuts, the command palette and the help windows.
#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenuBar>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>
#include <QStackedWidget>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "configure/configure_page.h"
#include "shell/command_palette.h"
#include "shell/diagnostics.h"
#include "shell/main_window.h"
#include "shell/manual_window.h"
#include "shell/presets.h"
#include "shell/top_bar.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

constexpr int kMostLayersInPalette = 5000;

QString plain(QString text) {
    return text.remove(QLatin1Char('&'));
}

// Every action under the menu, with the menu's name in front.
void collect(const QMenu* menu, const QString& prefix, QList<std::pair<QString, QAction*>>& found) {
    for (QAction* action : menu->actions()) {
        const QString name = prefix + QStringLiteral(" › ") + plain(action->text());
        if (action->menu())
            collect(action->menu(), name, found);
        else if (!action->isSeparator() && action->isEnabled())
            found.append({name, action});
    }
}

}  // namespace

QAction* MainWindow::addTo(QMenu* menu, const QString& text, const QString& icon, const QKeySequence& keys,
                           std::function<void()> run) {
    QAction* action = menu->addAction(themeIcon(*m_hub, icon), text);
    action->setShortcut(keys);
    connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
    return action;
}

void MainWindow::buildMenus() {
    buildFileMenu();
    buildEditMenu();
    buildViewMenu();
    buildRunMenu();
    buildHelpMenu();
    buildContextMenus();
}

void MainWindow::buildFileMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&File"));
    QMenu* fresh = menu->addMenu(themeIcon(*m_hub, QStringLiteral("plus")), tr("&New from preset"));
    for (const Preset& preset : presets())
        addTo(fresh, preset.name, {},
              preset.key == QLatin1String("w4a8") ? QKeySequence(QKeySequence::New) : QKeySequence(),
              [this, key = preset.key] { newFromPreset(key); });
    fresh->addSeparator();
    addTo(fresh, tr("Sample project"), {}, {}, [this] { newFromPreset(QStringLiteral("demo")); });
    addTo(menu, tr("&Open config…"), QStringLiteral("open"), QKeySequence::Open, [this] { chooseConfig(); });
    addTo(menu, tr("Open &run folder…"), QStringLiteral("queue"), QKeySequence(tr("Ctrl+Shift+O")),
          [this] { chooseRun(); });
    addTo(menu, tr("New from &model…"), QStringLiteral("box"), QKeySequence(tr("Ctrl+I")), [this] { chooseModel(); });
    m_recentMenu = menu->addMenu(themeIcon(*m_hub, QStringLiteral("clock")), tr("Open re&cent"));
    connect(m_recentMenu, &QMenu::aboutToShow, this, [this] { fillRecentMenu(m_recentMenu); });
    menu->addSeparator();
    m_saveAction = addTo(menu, tr("&Save"), QStringLiteral("save"), QKeySequence::Save, [this] { save(); });
    addTo(menu, tr("Save &as…"), {}, QKeySequence::SaveAs, [this] { saveAs(); });
    menu->addSeparator();
    addTo(menu, tr("&Export model…"), QStringLiteral("export"), QKeySequence(tr("Ctrl+E")), [this] { exportModel(); });
    menu->addSeparator();
    addTo(menu, tr("&Quit"), {}, QKeySequence(tr("Ctrl+Q")), [this] { close(); });
}

void MainWindow::fillRecentMenu(QMenu* menu) {
    menu->clear();
    for (const RecentItem& item : m_recent.items())
        addTo(menu, QFileInfo(item.path).fileName(), item.isRun ? QStringLiteral("queue") : QStringLiteral("file"), {},
              [this, path = item.path] { openPath(path); })
            ->setToolTip(item.path);
    if (menu->isEmpty())
        menu->addAction(tr("Nothing yet"))->setEnabled(false);
    else
        addTo(menu, tr("Clear list"), {}, {}, [this] { m_recent.clear(); });
}

void MainWindow::buildEditMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Edit"));
    QAction* undo = m_document.undoStack()->createUndoAction(this, tr("&Undo"));
    undo->setShortcut(QKeySequence::Undo);
    undo->setIcon(themeIcon(*m_hub, QStringLiteral("undo")));
    QAction* redo = m_document.undoStack()->createRedoAction(this, tr("&Redo"));
    redo->setShortcuts({QKeySequence(tr("Ctrl+Shift+Z")), QKeySequence(tr("Ctrl+Y"))});
    menu->addActions({undo, redo});
    menu->addSeparator();
    addTo(menu, tr("&Find action or layer…"), QStringLiteral("search"), QKeySequence(tr("Ctrl+K")),
          [this] { showPalette(); });
    addTo(menu, tr("Filter &layers"), QStringLiteral("filter"), QKeySequence(tr("Ctrl+F")), [this] {
        showPage(pages::kConfigure);
        m_configure->focusFilter();
    });
    addTo(menu, tr("&Next issue"), QStringLiteral("warning"), QKeySequence(tr("F8")), [this] {
        showPage(pages::kConfigure);
        m_configure->showNextIssue();
    });
    addTo(menu, tr("&Placement findings"), QStringLiteral("device"), QKeySequence(tr("Ctrl+Shift+P")), [this] {
        showPage(pages::kConfigure);
        m_configure->showPlacement();
    });
}

void MainWindow::buildViewMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&View"));
    for (const PageSpec& page : m_pages)
        addTo(menu, page.title, {}, QKeySequence(page.shortcut), [this, key = page.key] { showPage(key); });
    menu->addSeparator();
    QMenu* themes = menu->addMenu(themeIcon(*m_hub, QStringLiteral("moon")), tr("&Theme"));
    auto* group = new QActionGroup(this);
    const std::pair<QString, ThemeHub::Mode> modes[] = {{tr("As the &desktop"), ThemeHub::Mode::System},
                                                        {tr("&Light"), ThemeHub::Mode::Light},
                                                        {tr("Da&rk"), ThemeHub::Mode::Dark}};
    for (const auto& [text, mode] : modes) {
        QAction* action = addTo(themes, text, {}, {}, [this, chosen = mode] {
            m_hub->setMode(chosen);
            QSettings().setValue(QStringLiteral("theme"), static_cast<int>(chosen));
        });
        action->setCheckable(true);
        action->setChecked(m_hub->mode() == mode);
        group->addAction(action);
    }
    addTo(menu, tr("Re&set layout"), QStringLiteral("reset"), {}, [this] { resetLayout(); });
}

void MainWindow::buildRunMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Run"));
    m_runAction = addTo(menu, tr("&Run pipeline"), QStringLiteral("play"), QKeySequence(tr("F5")),
                        [this] { startRun(JobKind::Pipeline); });
    m_stopAction = addTo(menu, tr("&Stop after batch"), QStringLiteral("stop"), QKeySequence(tr("Shift+F5")),
                         [this] { m_launcher.isRunning() ? stopRun() : stopShownRun(); });
    m_resumeAction = addTo(menu, tr("R&esume shown run"), QStringLiteral("reset"), {}, [this] { resumeRun(); });
    addTo(menu, tr("Measure sens&itivity only"), QStringLiteral("bars"), {},
          [this] { startRun(JobKind::Sensitivity); });
    menu->addSeparator();
    addTo(menu, tr("Run into &folder…"), QStringLiteral("folder"), {}, [this] {
        const QString folder = QFileDialog::getExistingDirectory(this, tr("Choose run folder"), m_document.folder());
        if (folder.isEmpty()) return;
        m_runOut = folder;
        m_messages->post(QStringLiteral("out"), MessageKind::Info, tr("The next run goes to %1.").arg(folder));
    });
    addTo(menu, tr("&Copy command"), QStringLiteral("terminal"), {}, [this] { copyCommand(); });
    addTo(menu, tr("&Open run folder in file manager"), {}, {}, [this] {
        const QString folder = m_store.data().folder;
        if (!folder.isEmpty()) QDesktopServices::openUrl(QUrl::fromLocalFile(folder));
    });
}

void MainWindow::buildHelpMenu() {
    QMenu* menu = menuBar()->addMenu(tr("&Help"));
    addTo(menu, tr("&Manual"), QStringLiteral("book"), QKeySequence(tr("F1")), [this] { showManual(); });
    addTo(menu, tr("&Config guide"), {}, QKeySequence(tr("Shift+F1")), [this] { showGuide(); });
    addTo(menu, tr("&Keyboard map"), {}, QKeySequence(tr("Ctrl+?")), [this] { showKeys(); });
    addTo(menu, tr("Copy &diagnostics"), QStringLiteral("copy"), {}, [this] { copyDiagnostics(); });
    menu->addSeparator();
    addTo(menu, tr("&About Qatelier"), QStringLiteral("info"), {}, [this] { showAbout(); });
}

// What changes the configuration needs one; the model and the data of a run that is only shown cannot be changed.
void MainWindow::enableWithDocument(QMenu* menu, const QAction* always) {
    connect(menu, &QMenu::aboutToShow, this, [this, menu, always] {
        for (QAction* action : menu->actions()) action->setEnabled(action == always || m_document.isOpen());
    });
}

void MainWindow::buildContextMenus() {
    auto* model = new QMenu(this);
    addTo(model, tr("Choose checkpoint…"), QStringLiteral("box"), {}, [this] { chooseCheckpoint(); });
    addTo(model, tr("Bundled shapes detector"), QStringLiteral("grid"), {}, [this] {
        m_document.setValue(QStringLiteral("model.pretrained_path"), QStringLiteral("builtin:shapes"), nullptr);
    });
    addTo(model, tr("Random weights"), {}, {},
          [this] { m_document.setValue(QStringLiteral("model.pretrained_path"), QStringLiteral(""), nullptr); });
    model->addSeparator();
    for (const char* variant : {"n", "s", "m", "l", "x"})
        addTo(model, tr("Variant %1").arg(QLatin1String(variant)), {}, {}, [this, variant] {
            m_document.setValue(QStringLiteral("model.variant"), QLatin1String(variant), nullptr);
        });
    m_top->model()->setMenu(model);
    enableWithDocument(model, model->actions().first());
    auto* data = new QMenu(this);
    addTo(data, tr("Choose data set…"), QStringLiteral("image"), {}, [this] { chooseData(); });
    addTo(data, tr("Synthetic shapes"), QStringLiteral("grid"), {},
          [this] { m_document.setValue(QStringLiteral("data.path"), QStringLiteral("shapes"), nullptr); });
    m_top->data()->setMenu(data);
    enableWithDocument(data, nullptr);
    auto* config = new QMenu(this);
    connect(config, &QMenu::aboutToShow, this, [this, config] {
        fillRecentMenu(config);
        config->addSeparator();
        for (const Preset& preset : presets())
            addTo(config, tr("New: %1").arg(preset.name), QStringLiteral("plus"), {},
                  [this, key = preset.key] { newFromPreset(key); });
    });
    m_top->config()->setMenu(config);
}

void MainWindow::showPalette() {
    std::vector<PaletteEntry> entries;
    QList<std::pair<QString, QAction*>> actions;
    for (QAction* top : menuBar()->actions())
        if (top->menu()) collect(top->menu(), plain(top->text()), actions);
    for (const auto& [name, action] : actions)
        entries.push_back(
            {name, action->shortcut().toString(QKeySequence::NativeText), [action = action] { action->trigger(); }});
    if (const auto model = m_document.model())
        for (const LayerInfo& layer : model->layers) {
            if (entries.size() > kMostLayersInPalette) break;
            const QString name = QString::fromStdString(layer.name);
            entries.push_back({name, tr("layer"), [this, name] {
                                   const LayerId id = m_selection.idOf(name);
                                   m_selection.select({id}, this, id);
                                   if (page() == pages::kWelcome || page() == pages::kRun) showPage(pages::kConfigure);
                               }});
        }
    auto* palette = new CommandPalette(*m_hub, std::move(entries), this);
    palette->move(mapToGlobal(QPoint((width() - palette->width()) / 2, m_hub->px(84))));
    palette->show();
}

void MainWindow::copyDiagnostics() {
    QApplication::clipboard()->setText(diagnosticsText());
    m_messages->post(QStringLiteral("diagnostics"), MessageKind::Info, tr("Diagnostics are on the clipboard."));
}

void MainWindow::showAbout() {
    QMessageBox box(this);
    box.setWindowTitle(tr("About Qatelier"));
    box.setIconPixmap(programIcon().pixmap(48, 48));
    box.setText(tr("Qatelier %1").arg(QCoreApplication::applicationVersion()));
    box.setInformativeText(tr("Workbench for quantizing vision models.") + QStringLiteral("\n\n") + diagnosticsText());
    box.setTextInteractionFlags(Qt::TextSelectableByMouse);
    QAbstractButton* copy = box.addButton(tr("Copy diagnostics"), QMessageBox::ActionRole);
    box.addButton(QMessageBox::Close);
    box.exec();
    if (box.clickedButton() == copy) copyDiagnostics();
}

void MainWindow::showKeys() {
    QList<std::pair<QString, QAction*>> actions;
    for (QAction* top : menuBar()->actions())
        if (top->menu()) collect(top->menu(), plain(top->text()), actions);
    QString rows;
    for (const auto& [name, action] : actions)
        if (!action->shortcut().isEmpty())
            rows +=
                QStringLiteral("<tr><td>%1&nbsp;&nbsp;&nbsp;</td><td>%2</td></tr>")
                    .arg(action->shortcut().toString(QKeySequence::NativeText).toHtmlEscaped(), name.toHtmlEscaped());
    rows += QStringLiteral("<tr><td>4 8 6 F D&nbsp;</td><td>%1</td></tr>")
                .arg(tr("Layer table: selected layers to 4, 8, 16 bit, float, default"));
    QDialog dialog(this);
    dialog.setWindowTitle(tr("Keyboard map"));
    dialog.resize(m_hub->px(560), m_hub->px(520));
    auto* column = new QVBoxLayout(&dialog);
    auto* text = new QTextBrowser(&dialog);
    text->setHtml(QStringLiteral("<table cellpadding=3>%1</table>").arg(rows));
    column->addWidget(text);
    dialog.exec();
}

void MainWindow::showManual() {
    auto* window = findChild<ManualWindow*>();
    if (!window) window = new ManualWindow(*m_hub, this);
    window->show();
    window->raise();
    window->activateWindow();
}

void MainWindow::showGuide() {
    QString html;
    std::string section;
    for (const ConfigField& field : configFields()) {
        if (field.section != section)
            html += QStringLiteral("<h3>%1</h3>").arg(QString::fromStdString(section = field.section).toHtmlEscaped());
        QStringList choices;
        for (const std::string& choice : field.choices) choices.append(QString::fromStdString(choice));
        html +=
            QStringLiteral("<p><b>%1</b> <code>%2</code><br>%3 %4%5</p>")
                .arg(QString::fromStdString(field.label).toHtmlEscaped(),
                     QString::fromStdString(field.path).toHtmlEscaped(),
                     QString::fromStdString(field.help).toHtmlEscaped(),
                     choices.isEmpty() ? QString()
                                       : tr("One of %1.").arg(choices.join(QStringLiteral(", "))) + QLatin1Char(' '),
                     field.defaultValue.empty()
                         ? QString()
                         : tr("Default: %1.").arg(QString::fromStdString(field.defaultValue).toHtmlEscaped()));
    }
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Config guide"));
    dialog->resize(m_hub->px(640), m_hub->px(680));
    auto* column = new QVBoxLayout(dialog);
    auto* text = new QTextBrowser(dialog);
    text->setHtml(html);
    column->addWidget(text);
    dialog->show();
}

}  // namespace qat::ui
