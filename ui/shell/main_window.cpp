// Puts the window together, shows pages and runs, and passes on what its parts ask of each other.
#include "shell/main_window.h"

#include <QCloseEvent>
#include <QDir>
#include <QFileInfo>
#include <QGuiApplication>
#include <QPushButton>
#include <QScreen>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "configure/configure_page.h"
#include "configure/form_panel.h"
#include "exporting/export_panel.h"
#include "pages/run_view.h"
#include "progress/run_state.h"
#include "shell/close_controller.h"
#include "shell/disk_controller.h"
#include "shell/file_controller.h"
#include "shell/gate_controller.h"
#include "shell/help_windows.h"
#include "shell/job_controller.h"
#include "shell/main_menu.h"
#include "shell/sample_run.h"
#include "shell/top_bar.h"
#include "shell/welcome_page.h"
#include "shell/window_layout.h"
#include "shell/window_pages.h"
#include "shell/window_status.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/message_bar.h"
#include "widgets/segment_bar.h"

namespace qat::ui {
namespace {

constexpr QSize kDesign{1600, 1000}, kSmallest{1280, 720};  // px at the base font
constexpr QSize kFrame{4, 36};                              // of the window manager, about
const auto kSample = QStringLiteral("sample");

// What the screen leaves for the inside of a window.
QSize roomOnScreen(const QWidget& window) {
    const QScreen* screen = window.screen() ? window.screen() : QGuiApplication::primaryScreen();
    return screen ? screen->availableSize() - kFrame : kDesign;
}

}  // namespace

MainWindow::MainWindow(ThemeHub* hub, const std::vector<PageSpec>& runPages, QWidget* parent)
    : QMainWindow(parent), m_hub(hub), m_viewer(&m_launcher), m_pages(windowPages(runPages)) {
    setWindowIcon(programIcon());
    const QSize room = roomOnScreen(*this);
    setMinimumSize(QSize(hub->px(kSmallest.width()), hub->px(kSmallest.height())).boundedTo(room));
    resize(QSize(hub->px(kDesign.width()), hub->px(kDesign.height())).boundedTo(room));
    buildCentre();
    buildPages();
    buildControllers();
    m_viewer.followWindow(this);
    for (RunView* view : m_stack->findChildren<RunView*>()) follow(view);
    followWelcome();
    followControllers();
    showPage(pages::kWelcome);
    m_disk->offerRecovery();
}

MainWindow::~MainWindow() {
    // The document's signals must not reach a half destroyed window.
    m_document.disconnect(this);
    m_launcher.disconnect(this);
}

void MainWindow::buildCentre() {
    m_top = new TopBar(*m_hub, m_pages, this);
    addToolBar(m_top);
    auto* central = new QWidget(this);
    auto* column = new QVBoxLayout(central);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_messages = new MessageStack(*m_hub, central);
    m_stack = new QStackedWidget(central);
    m_runStrip = new RunStrip(m_hub, central);
    column->addWidget(m_messages);
    column->addWidget(m_runStrip);
    column->addWidget(m_stack, 1);
    setCentralWidget(central);
}

void MainWindow::buildPages() {
    const PageContext context{m_hub, &m_selection, m_viewer.store(), &m_document, &m_recent};
    for (const PageSpec& spec : m_pages) {
        QWidget* page = spec.make(context, m_stack);
        if (page->objectName().isEmpty()) page->setObjectName(spec.key);
        m_stack->addWidget(page);
    }
    m_welcome = m_stack->findChild<WelcomePage*>();
    m_configure = m_stack->findChild<ConfigurePage*>();
    m_export = m_stack->findChild<ExportPanel*>();
}

void MainWindow::buildControllers() {
    const WindowParts parts{this, this, m_hub, m_messages, &m_document, &m_recent};
    m_layout = std::make_unique<WindowLayout>(this, m_stack);
    m_help = std::make_unique<HelpWindows>(parts);
    m_files = std::make_unique<FileController>(parts);
    m_disk = std::make_unique<DiskController>(parts, m_files.get());
    m_jobs = std::make_unique<JobController>(parts, &m_launcher, &m_viewer, m_disk.get());
    m_gate = std::make_unique<GateController>(parts, m_jobs.get());
    m_closing = std::make_unique<CloseController>(parts, m_files.get(), m_jobs.get(), m_layout.get());
    m_menu = std::make_unique<MainMenu>(parts, MenuTargets{m_files.get(), m_jobs.get(), m_help.get(), m_layout.get(),
                                                           &m_viewer, &m_selection, m_top, m_configure, &m_pages});
    m_status = std::make_unique<WindowStatus>(parts, m_jobs.get(), &m_viewer, m_top, m_menu.get());
}

void MainWindow::follow(RunView* view) {
    connect(view, &RunView::startRunRequested, m_jobs.get(), [this] { m_jobs->start(); });
    connect(view, &RunView::stopRequested, m_jobs.get(), &JobController::stopShown);
    connect(view, &RunView::resumeRequested, m_jobs.get(), &JobController::resumeShown);
    connect(view, &RunView::measureRequested, m_jobs.get(), [this] { m_jobs->start(JobKind::Sensitivity); });
    connect(view, &RunView::openRunRequested, m_files.get(), &FileController::chooseRun);
    connect(view, &RunView::analyzeRequested, this, [this] { showPage(pages::kAnalyze); });
    connect(m_jobs.get(), &JobController::stopRefused, view, &RunView::stopRefused);
}

void MainWindow::followWelcome() {
    connect(m_welcome, &WelcomePage::openRequested, m_files.get(), &FileController::openPath);
    connect(m_welcome, &WelcomePage::stopRequested, m_jobs.get(), &JobController::stopIn);
    connect(m_welcome, &WelcomePage::presetRequested, m_files.get(), &FileController::newFromPreset);
    connect(m_welcome, &WelcomePage::openConfigRequested, m_files.get(), &FileController::chooseConfig);
    connect(m_welcome, &WelcomePage::openRunRequested, m_files.get(), &FileController::chooseRun);
    connect(m_welcome, &WelcomePage::modelRequested, m_files.get(), &FileController::chooseModel);
    connect(m_welcome, &WelcomePage::manualRequested, m_help.get(), &HelpWindows::showManual);
    connect(m_welcome, &WelcomePage::guideRequested, m_help.get(), &HelpWindows::showGuide);
    connect(m_welcome, &WelcomePage::keysRequested, m_help.get(), &HelpWindows::showKeys);
    connect(m_welcome, &WelcomePage::diagnosticsRequested, m_help.get(), &HelpWindows::copyDiagnostics);
    connect(m_jobs.get(), &JobController::stopRefused, m_welcome, &WelcomePage::stopRefused);
}

void MainWindow::followControllers() {
    connect(m_top->perspectives(), &SegmentBar::chosen, this, [this](int, const QString& key) { showPage(key); });
    connect(m_top->search(), &QToolButton::clicked, m_menu.get(), &MainMenu::showPalette);
    connect(m_top->run(), &QPushButton::clicked, m_jobs.get(), &JobController::startOrStop);
    // What was chosen for the document before it, or offered about it, does not hold for this one.
    connect(m_files.get(), &FileController::documentOpened, m_jobs.get(), &JobController::forgetRunFolder);
    connect(m_files.get(), &FileController::documentOpened, m_gate.get(), &GateController::withdraw);
    connect(m_files.get(), &FileController::sampleOpened, this, &MainWindow::showSampleRun);
    connect(m_gate.get(), &GateController::settingsRequested, this, [this] {
        showPage(pages::kConfigure);
        m_configure->form()->showSection(QStringLiteral("gate"));
    });
    connect(m_status.get(), &WindowStatus::issuesClicked, this, [this] {
        showPage(pages::kConfigure);
        m_configure->showNextIssue();
    });
    connect(m_export, &ExportPanel::sourceChanged, this, &MainWindow::refreshRunStrip);
    connect(&m_selection, &SelectionHub::inspectLayer, this, [this] {
        if (page() != pages::kConfigure) showPage(pages::kAnalyze);
    });
    connect(m_viewer.store(), &RunStore::changed, this, [this](unsigned mask) {
        if (mask & (kRunIdentity | kRunStatus | kRunSummary | kRunProgress)) refreshRunStrip();
        if (mask & kRunStatus) m_jobs->report()->withdrawTold();
    });
}

void MainWindow::showPage(const QString& key) {
    const int index = indexOfPage(m_pages, key);
    if (index < 0) return;
    m_stack->setCurrentIndex(index);
    const QString& shown = page();
    m_top->perspectives()->setCurrentKey(shown);
    m_top->showContext(shown != pages::kWelcome);
    if (shown == pages::kWelcome) m_welcome->refresh();
    if (shown == pages::kExport && m_export->source().isEmpty() && !m_viewer.data().folder.isEmpty())
        m_export->setSource(m_viewer.data().folder);
    m_jobs->report()->withdrawTold();
    refreshRunStrip();
    m_status->refreshRunButton();
}

const QString& MainWindow::page() const {
    return m_pages[static_cast<size_t>(m_stack->currentIndex())].key;
}

void MainWindow::followRun(const QString& folder) {
    m_viewer.open(folder);
    m_export->setSource(folder);
}

void MainWindow::openRun(const QString& folder) {
    const QString absolute = QFileInfo(folder).absoluteFilePath();
    m_messages->withdraw(kSample);
    followRun(absolute);
    m_recent.add(absolute, true);
    showPage(pages::kRun);
}

// A finished run of the sample beside its configuration, so that no page is empty before anything was trained.
void MainWindow::showSampleRun() {
    if (m_launcher.isRunning()) return;
    QString trouble;
    const QString run = unpackSampleRun(trouble);
    if (!trouble.isEmpty()) return m_messages->post(kSample, MessageKind::Warning, trouble);
    followRun(run);
    m_messages->post(kSample, MessageKind::Info,
                     tr("The sample comes with a finished run: W4A4, 6 epochs on 400 drawn images. Run, Analyze and "
                        "Compare show it."),
                     {{tr("Show run"), [this, run] { openRun(run); }}});
}

// Figures are never those of a run without a name. On Export it is the run that is exported, which may be another.
void MainWindow::refreshRunStrip() {
    const RunData& data = m_viewer.data();
    const bool ofRun = m_pages[static_cast<size_t>(m_stack->currentIndex())].showsFigures ||
                       (page() == pages::kExport && QDir::cleanPath(m_export->source()) == data.folder);
    m_runStrip->setVisible(ofRun && !data.folder.isEmpty());
    if (m_runStrip->isVisibleTo(this)) m_runStrip->showRun(data);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    m_closing->closeEvent(event);
    if (event->isAccepted()) m_viewer.open({});
}

}  // namespace qat::ui
