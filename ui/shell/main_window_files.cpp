// Opening, saving and dropping files.
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QUrl>

#include "exporting/export_dialog.h"
#include "exporting/export_panel.h"
#include "shell/main_window.h"
#include "shell/presets.h"
#include "shell/sample_run.h"
#include "style/theme_hub.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

const auto kFiles = QStringLiteral("files"), kSample = QStringLiteral("sample");

bool isRunFolder(const QString& path) {
    return QFileInfo::exists(path + QStringLiteral("/events.jsonl")) ||
           QFileInfo::exists(path + QStringLiteral("/run_summary.json")) ||
           QFileInfo::exists(path + QStringLiteral("/results.csv"));
}

bool isModel(const QString& suffix) {
    return QStringList{QStringLiteral("pt"), QStringLiteral("pth"), QStringLiteral("th"), QStringLiteral("safetensors")}
        .contains(suffix);
}

bool isConfig(const QString& suffix) {
    return suffix == QLatin1String("yaml") || suffix == QLatin1String("yml");
}

// Whether a file of a run's own folder was meant, which opens the run.
bool isInRun(const QFileInfo& file) {
    const QString suffix = file.suffix().toLower();
    return (suffix == QLatin1String("jsonl") || suffix == QLatin1String("json")) && isRunFolder(file.absolutePath());
}

}  // namespace

bool MainWindow::openPath(const QString& path) {
    m_messages->withdraw(kFiles);
    const QFileInfo info(path);
    const auto refuse = [this](const QString& sentence) {
        m_messages->post(kFiles, MessageKind::Error, sentence);
        return false;
    };
    if (!info.exists()) return refuse(tr("%1 does not exist.").arg(path));
    if (info.isDir()) {
        if (!isRunFolder(path)) return refuse(tr("%1 is a folder, but holds no run.").arg(path));
        openRun(path);
        return true;
    }
    const QString suffix = info.suffix().toLower();
    if (isConfig(suffix)) return openConfig(path);
    if (isInRun(info)) {
        openRun(info.absolutePath());
        return true;
    }
    if (suffix == QLatin1String("onnx"))
        return refuse(tr("%1 is an ONNX file: these are written, but not read.").arg(info.fileName()));
    if (!isModel(suffix)) return refuse(tr("%1 is no configuration, run folder or model.").arg(info.fileName()));
    newFromModel(path);
    return true;
}

bool MainWindow::openConfig(const QString& path) {
    if (!mayDiscard()) return false;
    if (const QString trouble = m_document.open(path); !trouble.isEmpty()) {
        m_messages->post(kFiles, MessageKind::Error, trouble);
        return false;
    }
    m_recent.add(path, false);
    showNewDocument();
    return true;
}

// What was chosen for the document before it, or offered about it, does not hold for this one.
void MainWindow::showNewDocument() {
    m_runOut.clear();
    m_messages->withdraw(kGateMessage);
    showPage(pages::kConfigure);
}

void MainWindow::openRun(const QString& folder) {
    const QString absolute = QFileInfo(folder).absoluteFilePath();
    m_messages->withdraw(kSample);
    m_feed.open(absolute);
    followJob();
    m_recent.add(absolute, true);
    m_export->setSource(absolute);
    showPage(pages::kRun);
}

void MainWindow::newFromPreset(const QString& key) {
    if (!mayDiscard()) return;
    m_document.create(presetText(key), key + QStringLiteral(".yaml"));
    showNewDocument();
    if (key == kSamplePreset) showSampleRun();
}

// A finished run of the sample beside its configuration, so that no page is empty before anything was trained.
void MainWindow::showSampleRun() {
    if (m_launcher.isRunning()) return;
    QString trouble;
    const QString run = unpackSampleRun(trouble);
    if (!trouble.isEmpty()) return m_messages->post(kFiles, MessageKind::Warning, trouble);
    m_feed.open(run);
    m_export->setSource(run);
    m_messages->post(kSample, MessageKind::Info,
                     tr("The sample comes with a finished run: W4A4, 6 epochs on 400 drawn images. Run, Analyze and "
                        "Compare show it."),
                     {{tr("Show run"), [this, run] { openRun(run); }}});
}

void MainWindow::newFromModel(const QString& model) {
    if (!mayDiscard()) return;
    const QFileInfo info(model);
    m_document.create(presetText(QStringLiteral("w4a8")), info.completeBaseName() + QStringLiteral("_w4a8.yaml"));
    const QString trouble =
        m_document.setValue(QStringLiteral("model.pretrained_path"), info.absoluteFilePath(), nullptr);
    if (!trouble.isEmpty()) m_messages->post(kFiles, MessageKind::Error, trouble);
    showNewDocument();
}

// True if the open document is saved or the user does without its changes.
bool MainWindow::mayDiscard() {
    m_document.checkDisk();  // what happened to the file a moment ago counts, too
    if (!m_document.isModified()) return true;
    const QString sentence = m_document.isOnlyCopy()
                                 ? tr("%1 is no longer on the disk. What is shown here is the only copy.")
                                 : tr("%1 has changes that are not saved.");
    QMessageBox box(QMessageBox::NoIcon, tr("Unsaved changes"), sentence.arg(m_document.title()), QMessageBox::NoButton,
                    this);
    QAbstractButton* keep = box.addButton(tr("Save"), QMessageBox::AcceptRole);
    QAbstractButton* drop = box.addButton(tr("Discard changes"), QMessageBox::DestructiveRole);
    box.addButton(tr("Cancel"), QMessageBox::RejectRole);
    box.exec();
    if (box.clickedButton() == keep) return save();
    return box.clickedButton() == drop;
}

// A file that changed is not written: the banner asks what is to become of it.
bool MainWindow::save() {
    if (m_document.path().isEmpty()) return saveAs();
    if (m_document.checkDisk(true) == DiskState::Changed) {
        showDiskState();
        return false;
    }
    return saveTo(m_document.path(), Document::Overwrite::No);
}

bool MainWindow::saveTo(const QString& path, Document::Overwrite overwrite) {
    m_messages->withdraw(kFiles);
    const QString trouble = m_document.save(path, overwrite);
    if (!trouble.isEmpty())
        m_messages->post(kFiles, MessageKind::Error, trouble, {{tr("Save as…"), [this] { saveAs(); }}});
    return trouble.isEmpty();
}

bool MainWindow::saveAs() {
    const QString suggested = m_document.folder() + QLatin1Char('/') + m_document.title();
    const QString path =
        QFileDialog::getSaveFileName(this, tr("Save configuration"), suggested, tr("Configurations (*.yaml *.yml)"));
    // The dialog has asked about a file that is there.
    if (path.isEmpty() || !saveTo(path, Document::Overwrite::Yes)) return false;
    m_recent.add(path, false);
    return true;
}

void MainWindow::chooseConfig() {
    const QString path = QFileDialog::getOpenFileName(this, tr("Open configuration"), m_document.folder(),
                                                      tr("Configurations (*.yaml *.yml)"));
    if (!path.isEmpty()) openPath(path);
}

void MainWindow::chooseRun() {
    const QString path = QFileDialog::getExistingDirectory(this, tr("Open run folder"), m_document.folder());
    if (!path.isEmpty()) openPath(path);
}

QString MainWindow::askUserForModel() {
    return QFileDialog::getOpenFileName(this, tr("Choose model"), m_document.folder(),
                                        tr("Models (*.pt *.pth *.th *.safetensors)"));
}

void MainWindow::chooseModel() {
    const QString path = askForModel();
    if (!path.isEmpty()) newFromModel(path);
}

void MainWindow::chooseCheckpoint() {
    if (!m_document.isOpen()) return chooseModel();
    const QString path = askForModel();
    if (path.isEmpty()) return;
    const QString trouble = m_document.setValue(QStringLiteral("model.pretrained_path"), path, nullptr);
    if (!trouble.isEmpty()) m_messages->post(kFiles, MessageKind::Error, trouble);
}

void MainWindow::chooseData() {
    const QString path = QFileDialog::getOpenFileName(this, tr("Choose data set"), m_document.folder(),
                                                      tr("Data sets (*.yaml *.yml *.txt *.json);;All files (*)"));
    if (path.isEmpty()) return;
    const QString trouble = m_document.setValue(QStringLiteral("data.path"), path, nullptr);
    if (!trouble.isEmpty()) m_messages->post(kFiles, MessageKind::Error, trouble);
}

void MainWindow::exportModel() {
    ExportDialog dialog(*m_hub, m_store.data().folder, this);
    dialog.exec();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    const QList<QUrl> urls = event->mimeData()->urls();
    if (urls.isEmpty() || !urls.first().isLocalFile()) return;
    const QFileInfo info(urls.first().toLocalFile());
    const QString suffix = info.suffix().toLower();
    if (info.isDir() || isConfig(suffix) || isModel(suffix) || isInRun(info)) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    const QList<QUrl> urls = event->mimeData()->urls();
    if (urls.isEmpty()) return;
    event->acceptProposedAction();
    openPath(urls.first().toLocalFile());
}

}  // namespace qat::ui
