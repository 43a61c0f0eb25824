// Puts the window together and keeps title, tool bar and status bar in step with the document.
#include "shell/main_window.h"

#include <QDir>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPushButton>
#include <QScreen>
#include <QScrollArea>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QToolButton>
#include <QVBoxLayout>

#include "configure/configure_page.h"
#include "exporting/export_panel.h"
#include "run/run_state.h"
#include "shell/job_indicator.h"
#include "shell/page_layout.h"
#include "shell/top_bar.h"
#include "shell/welcome_page.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/buttons.h"
#include "widgets/empty_state.h"
#include "widgets/format.h"
#include "widgets/message_bar.h"
#include "widgets/panel.h"
#include "widgets/segment_bar.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr QSize kDesign{1600, 1000}, kSmallest{1280, 720};  // px at the base font
constexpr QSize kFrame{4, 36};                              // of the window manager, about

// What the screen leaves for the inside of a window.
QSize roomOnScreen(const QWidget& window) {
    const QScreen* screen = window.screen() ? window.screen() : QGuiApplication::primaryScreen();
    return screen ? screen->availableSize() - kFrame : kDesign;
}

QString modelOf(const Config& config) {
    const QString checkpoint = QFileInfo(QString::fromStdString(config.model.pretrainedPath)).fileName();
    return checkpoint.isEmpty() ? QString::fromStdString(config.model.architecture + config.model.variant) : checkpoint;
}

// "yolov8n W4A8"; the name holds the variant.
QString modelOf(const RunHeader& run) {
    return (qtext(run.model) + QLatin1Char(' ') + qtext(run.quantization).toUpper()).trimmed();
}

// The drawn data set has no path to shorten.
QString dataName(const QString& path) {
    return path.startsWith(QLatin1String("shapes")) ? path : QFileInfo(path).fileName();
}

}  // namespace

MainWindow::MainWindow(ThemeHub* hub, const PageFactory& factory, QWidget* parent)
    : QMainWindow(parent),
      m_hub(hub),
      m_recovery(&m_document, Recovery::defaultFolder()),
      m_feed(&m_store),
      m_jobFeed(&m_jobStore) {
    setWindowIcon(programIcon());
    setAcceptDrops(true);
    const QSize room = roomOnScreen(*this);
    setMinimumSize(QSize(hub->px(kSmallest.width()), hub->px(kSmallest.height())).boundedTo(room));
    resize(QSize(hub->px(kDesign.width()), hub->px(kDesign.height())).boundedTo(room));
    askAboutJob = [this] { return askUser(); };
    askAboutGate = [this](const QString& missing) { return askUserAboutGate(missing); };
    askForModel = [this] { return askUserForModel(); };
    m_top = new TopBar(*hub, this);
    addToolBar(m_top);
    auto* central = new QWidget(this);
    auto* column = new QVBoxLayout(central);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_messages = new MessageStack(*hub, central);
    m_stack = new QStackedWidget(central);
    m_runStrip = new RunStrip(hub, central);
    column->addWidget(m_messages);
    column->addWidget(m_runStrip);
    column->addWidget(m_stack, 1);
    setCentralWidget(central);
    buildPages(factory);
    buildStatusBar();
    buildMenus();
    connect(m_top->perspectives(), &SegmentBar::chosen, this,
            [this](int index, const QString&) { showPage(static_cast<Page>(index + 1)); });
    connect(m_top->search(), &QToolButton::clicked, this, &MainWindow::showPalette);
    connect(m_top->run(), &QPushButton::clicked, this,
            [this] { m_launcher.isRunning() ? stopRun() : void(startRun(JobKind::Pipeline)); });
    followDocument();
    connect(&m_launcher, &JobLauncher::started, this, &MainWindow::refreshRunButton);
    connect(&m_launcher, &JobLauncher::stopping, this, &MainWindow::refreshRunButton);
    connect(&m_launcher, &JobLauncher::finished, this, &MainWindow::jobFinished);
    restoreLayout();
    showPage(Page::Welcome);
    refreshTitle();
    refreshContext();
    refreshRunButton();
    offerRecovery();
}

MainWindow::~MainWindow() {
    // The document's signals must not reach a half destroyed window.
    m_document.disconnect(this);
    m_launcher.disconnect(this);
}

QWidget* MainWindow::addPage(const PageFactory::Maker& maker, const QString& key) {
    QWidget* page = maker ? maker(m_hub, &m_selection, &m_store, m_stack) : nullptr;
    if (!page) page = new EmptyState(*m_hub, tr("This view is not part of the program."), m_stack);
    page->setWindowFlags(Qt::Widget);  // a QMainWindow makes itself a window, even with a parent
    if (page->objectName().isEmpty()) page->setObjectName(key);
    m_stack->addWidget(page);
    // The pages are made elsewhere: what their buttons ask for is found by name.
    const std::pair<const char*, const char*> requests[] = {
        {SIGNAL(stopRequested()), SLOT(stopShownRun())},      {SIGNAL(resumeRequested()), SLOT(resumeRun())},
        {SIGNAL(startRunRequested()), SLOT(startPipeline())}, {SIGNAL(measureRequested()), SLOT(measureSensitivity())},
        {SIGNAL(openRunRequested()), SLOT(chooseRun())},      {SIGNAL(analyzeRequested()), SLOT(showAnalyze())}};
    for (const auto& [signal, slot] : requests)
        if (page->metaObject()->indexOfSignal(signal + 1) >= 0) connect(page, signal, this, slot);
    return page;
}

void MainWindow::buildPages(const PageFactory& factory) {
    m_welcome = new WelcomePage(*m_hub, &m_recent, m_stack);
    auto* welcome = new QScrollArea(m_stack);  // it is taller than the smallest window
    welcome->setFrameShape(QFrame::NoFrame);
    welcome->setWidgetResizable(true);
    welcome->setFocusPolicy(Qt::NoFocus);
    welcome->setObjectName(QStringLiteral("welcome"));
    welcome->setWidget(m_welcome);
    m_stack->addWidget(welcome);
    m_configure = new ConfigurePage(m_hub, &m_selection, &m_document, m_stack);
    m_stack->addWidget(m_configure);
    addPage(factory.run, QStringLiteral("run"));
    addPage(factory.analyze, QStringLiteral("analyze"));
    addPage(factory.compare, QStringLiteral("compare"));
    m_export = new ExportPanel(*m_hub, m_stack);
    m_stack->addWidget(m_export);
    connect(m_welcome, &WelcomePage::openRequested, this, &MainWindow::openPath);
    connect(m_welcome, &WelcomePage::stopRequested, this, &MainWindow::stopRunIn);
    connect(m_export, &ExportPanel::sourceChanged, this, &MainWindow::refreshRunStrip);
    connect(m_welcome, &WelcomePage::presetRequested, this, &MainWindow::newFromPreset);
    connect(m_welcome, &WelcomePage::openConfigRequested, this, &MainWindow::chooseConfig);
    connect(m_welcome, &WelcomePage::openRunRequested, this, &MainWindow::chooseRun);
    connect(m_welcome, &WelcomePage::modelRequested, this, &MainWindow::chooseModel);
    connect(m_welcome, &WelcomePage::manualRequested, this, &MainWindow::showManual);
    connect(m_welcome, &WelcomePage::guideRequested, this, &MainWindow::showGuide);
    connect(m_welcome, &WelcomePage::keysRequested, this, &MainWindow::showKeys);
    connect(m_welcome, &WelcomePage::diagnosticsRequested, this, &MainWindow::copyDiagnostics);
    connect(&m_selection, &SelectionHub::inspectLayer, this, [this] {
        if (page() != Page::Configure) showPage(Page::Analyze);
    });
}

void MainWindow::buildStatusBar() {
    statusBar()->setSizeGripEnabled(false);
    statusBar()->setFixedHeight(m_hub->px(26));
    m_job = new JobIndicator(*m_hub, &m_launcher, &m_store, &m_jobStore, this);
    connect(m_job, &JobIndicator::clicked, this, [this] { showJob(Page::Run); });
    statusBar()->addWidget(m_job, 1);
    m_issues = new QToolButton(this);
    m_issues->setAutoRaise(true);
    m_issues->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_issues->setFont(m_hub->theme().small);
    connect(m_issues, &QToolButton::clicked, this, [this] {
        showPage(Page::Configure);
        m_configure->showNextIssue();
    });
    statusBar()->addPermanentWidget(m_issues);
    m_modelState = new ThemedLabel(*m_hub, {}, TextStyle::Small, Color::Text2, this);
    m_modelState->setContentsMargins(m_hub->px(6), 0, m_hub->px(12), 0);
    statusBar()->addPermanentWidget(m_modelState);
}

void MainWindow::followDocument() {
    connect(&m_document, &Document::stateChanged, this, &MainWindow::refreshTitle);
    connect(&m_document, &Document::readingChanged, this, &MainWindow::refreshContext);
    connect(&m_document, &Document::modelChanged, this, &MainWindow::refreshContext);
    connect(&m_document, &Document::diskChanged, this, &MainWindow::showDiskState);
    connect(&m_store, &RunStore::changed, this, [this](unsigned mask) {
        if (!m_document.isOpen() && (mask & (kRunIdentity | kRunSummary))) showRunContext();
        if (mask & (kRunIdentity | kRunStatus | kRunSummary | kRunProgress)) refreshRunStrip();
        if (mask & kRunStatus) refreshRunButton();
        if (mask & kRunStatus && runPageTellsEnd()) m_messages->withdraw(kJobEnd);
    });
}

void MainWindow::refreshTitle() {
    const bool open = m_document.isOpen();
    setWindowTitle(open ? m_document.title() + QStringLiteral("[*] - Qatelier") : QStringLiteral("Qatelier"));
    setWindowFilePath(m_document.path());
    setWindowModified(m_document.isModified());
    m_saveAction->setEnabled(open);
    m_top->config()->setValue(open ? m_document.title() + (m_document.isModified() ? QStringLiteral(" •") : QString())
                                   : QString());
    refreshRunButton();
}

void MainWindow::showDocumentContext(const Config& config) {
    m_top->model()->setValue(modelOf(config));
    m_top->data()->setValue(dataName(QString::fromStdString(config.data.path)));
}

// Without a configuration it is the shown run whose model and data are looked at.
void MainWindow::showRunContext() {
    const RunHeader& run = m_store.data().run;
    const QString tip =
        run.runId.empty() ? QString() : tr("Of the run %1; no configuration is open").arg(qtext(run.runId));
    m_top->model()->setValue(modelOf(run), tip);
    m_top->data()->setValue(dataName(qtext(run.data)), tip);
}

void MainWindow::refreshContext() {
    const Reading& reading = *m_document.reading();
    const bool open = m_document.isOpen();
    open ? showDocumentContext(reading.config.config) : showRunContext();
    const int issues = reading.errors + reading.warnings;
    m_issues->setVisible(open && issues > 0);
    m_issues->setText(counted(issues, tr("1 issue"), tr("%1 issues")));
    m_issues->setIcon(themeIcon(*m_hub, reading.errors ? QStringLiteral("error") : QStringLiteral("warning"),
                                reading.errors ? Color::Error : Color::Warning));
    const auto model = m_document.model();
    m_modelState->setText(
        !open   ? tr("Offline: no telemetry, no update check")
        : model ? tr("%1 layers · %2 parameters").arg(model->layers.size()).arg(formatCount(model->parameters))
                : QString());
    refreshRunButton();
}

void MainWindow::showPage(Page page) {
    m_stack->setCurrentIndex(static_cast<int>(page));
    m_top->perspectives()->setCurrentIndex(static_cast<int>(page) - 1);
    m_top->showContext(page != Page::Welcome);
    if (page == Page::Welcome) m_welcome->refresh();
    if (page == Page::Export && m_export->source().isEmpty() && !m_store.data().folder.isEmpty())
        m_export->setSource(m_store.data().folder);
    if (runPageTellsEnd()) m_messages->withdraw(kJobEnd);
    refreshRunStrip();
    refreshRunButton();
}

// Figures are never those of a run without a name. On Export it is the run that is exported, which may be another.
void MainWindow::refreshRunStrip() {
    const RunData& data = m_store.data();
    const bool ofRun = page() == Page::Analyze || page() == Page::Compare ||
                       (page() == Page::Export && QDir::cleanPath(m_export->source()) == data.folder);
    m_runStrip->setVisible(ofRun && !data.folder.isEmpty());
    if (m_runStrip->isVisibleTo(this)) m_runStrip->showRun(data);
}

Page MainWindow::page() const {
    return static_cast<Page>(m_stack->currentIndex());
}

void MainWindow::saveLayout() const {
    QSettings().setValue(QStringLiteral("window/geometry"), saveGeometry());
    for (const PageLayout* layout : m_layouts) layout->save();
}

void MainWindow::restoreLayout() {
    restoreGeometry(QSettings().value(QStringLiteral("window/geometry")).toByteArray());
    for (int i = 0; i < m_stack->count(); ++i) m_layouts.append(new PageLayout(m_stack->widget(i), this));
}

void MainWindow::resetLayout() {
    for (PageLayout* layout : std::as_const(m_layouts)) layout->reset();
}

void MainWindow::showEvent(QShowEvent* event) {
    m_feed.setWindowVisible(true);
    m_jobFeed.setWindowVisible(true);
    QMainWindow::showEvent(event);
}

void MainWindow::hideEvent(QHideEvent* event) {
    m_feed.setWindowVisible(false);
    m_jobFeed.setWindowVisible(false);
    QMainWindow::hideEvent(event);
}

}  // namespace qat::ui
