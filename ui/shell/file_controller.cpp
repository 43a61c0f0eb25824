// Dialogs and messages about files; what a document does with them is its own.
#include "shell/file_controller.h"

#include <QDropEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMainWindow>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QUrl>

#include "document/recent_files.h"
#include "pages/page_spec.h"
#include "shell/file_kind.h"
#include "shell/presets.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

const auto kFiles = QStringLiteral("files");
const auto kCheckpointKey = QStringLiteral("model.pretrained_path");

// "" where the first thing dropped is no file.
QString droppedPath(const QDropEvent& event) {
    const QList<QUrl> urls = event.mimeData()->urls();
    return urls.isEmpty() ? QString() : urls.first().toLocalFile();
}

bool isOpened(const QString& path) {
    const FileKind kind = knownFile(path).kind;
    return kind != FileKind::Missing && kind != FileKind::Onnx && kind != FileKind::Other;
}

}  // namespace

FileController::FileController(const WindowParts& parts) : m_parts(parts) {
    askForModel = [this] {
        return QFileDialog::getOpenFileName(m_parts.window, tr("Choose model"), m_parts.document->folder(),
                                            tr("Models (*.pt *.pth *.th *.safetensors)"));
    };
    parts.window->setAcceptDrops(true);
    parts.window->installEventFilter(this);
}

bool FileController::eventFilter(QObject* watched, QEvent* event) {
    const bool entered = event->type() == QEvent::DragEnter;
    if (!entered && event->type() != QEvent::Drop) return QObject::eventFilter(watched, event);
    auto* drop = static_cast<QDropEvent*>(event);  // of which the other is a kind
    const QString path = droppedPath(*drop);
    if (path.isEmpty() || (entered && !isOpened(path))) return true;
    drop->acceptProposedAction();
    if (!entered) openPath(path);
    return true;
}

bool FileController::refuse(const QString& sentence) {
    m_parts.messages->post(kFiles, MessageKind::Error, sentence);
    return false;
}

bool FileController::openPath(const QString& path) {
    m_parts.messages->withdraw(kFiles);
    const KnownFile file = knownFile(path);
    const QString name = QFileInfo(path).fileName();
    switch (file.kind) {
        case FileKind::Missing:
            return refuse(tr("%1 does not exist.").arg(path));
        case FileKind::Folder:
            return refuse(tr("%1 is a folder, but holds no run.").arg(path));
        case FileKind::Config:
            return openConfig(path);
        case FileKind::Run:
            m_parts.frame->openRun(file.path);
            return true;
        case FileKind::Onnx:
            return refuse(tr("%1 is an ONNX file: these are written, but not read.").arg(name));
        case FileKind::Model:
            newFromModel(path);
            return true;
        case FileKind::Other:
            break;
    }
    return refuse(tr("%1 is no configuration, run folder or model.").arg(name));
}

bool FileController::openConfig(const QString& path) {
    if (!mayDiscard()) return false;
    if (const QString trouble = m_parts.document->open(path); !trouble.isEmpty()) return refuse(trouble);
    m_parts.recent->add(path, false);
    showNewDocument();
    return true;
}

void FileController::showNewDocument() {
    Q_EMIT documentOpened();
    m_parts.frame->showPage(pages::kConfigure);
}

void FileController::newFromPreset(const QString& key) {
    if (!mayDiscard()) return;
    m_parts.document->create(presetText(key), key + QStringLiteral(".yaml"));
    showNewDocument();
    if (key == kSamplePreset) Q_EMIT sampleOpened();
}

void FileController::newFromModel(const QString& model) {
    if (!mayDiscard()) return;
    const QFileInfo info(model);
    m_parts.document->create(presetText(QStringLiteral("w4a8")),
                             info.completeBaseName() + QStringLiteral("_w4a8.yaml"));
    setValue(kCheckpointKey, info.absoluteFilePath());
    showNewDocument();
}

void FileController::setValue(const QString& key, const QString& value) {
    const QString trouble = m_parts.document->setValue(key, value, nullptr);
    if (!trouble.isEmpty()) refuse(trouble);
}

bool FileController::mayDiscard() {
    Document& document = *m_parts.document;
    document.disk().check();  // what happened to the file a moment ago counts, too
    if (!document.isModified()) return true;
    const QString sentence = document.disk().isLost()
                                 ? tr("%1 is no longer on the disk. What is shown here is the only copy.")
                                 : tr("%1 has changes that are not saved.");
    QMessageBox box(QMessageBox::NoIcon, tr("Unsaved changes"), sentence.arg(document.title()), QMessageBox::NoButton,
                    m_parts.window);
    QAbstractButton* keep = box.addButton(tr("Save"), QMessageBox::AcceptRole);
    QAbstractButton* drop = box.addButton(tr("Discard changes"), QMessageBox::DestructiveRole);
    box.addButton(tr("Cancel"), QMessageBox::RejectRole);
    box.exec();
    if (box.clickedButton() == keep) return save();
    return box.clickedButton() == drop;
}

bool FileController::save() {
    Document& document = *m_parts.document;
    if (document.path().isEmpty()) return saveAs();
    if (document.disk().check(true) == DiskState::Changed) {
        Q_EMIT changedOnDisk();
        return false;
    }
    return saveTo(document.path(), Document::Overwrite::No);
}

bool FileController::saveTo(const QString& path, Document::Overwrite overwrite) {
    m_parts.messages->withdraw(kFiles);
    const QString trouble = m_parts.document->save(path, overwrite);
    if (!trouble.isEmpty())
        m_parts.messages->post(kFiles, MessageKind::Error, trouble, {{tr("Save as…"), [this] { saveAs(); }}});
    return trouble.isEmpty();
}

bool FileController::saveAs() {
    const QString suggested = m_parts.document->folder() + QLatin1Char('/') + m_parts.document->title();
    const QString path = QFileDialog::getSaveFileName(m_parts.window, tr("Save configuration"), suggested,
                                                      tr("Configurations (*.yaml *.yml)"));
    // The dialog has asked about a file that is there.
    if (path.isEmpty() || !saveTo(path, Document::Overwrite::Yes)) return false;
    m_parts.recent->add(path, false);
    return true;
}

void FileController::chooseConfig() {
    const QString path = QFileDialog::getOpenFileName(m_parts.window, tr("Open configuration"),
                                                      m_parts.document->folder(), tr("Configurations (*.yaml *.yml)"));
    if (!path.isEmpty()) openPath(path);
}

void FileController::chooseRun() {
    const QString path =
        QFileDialog::getExistingDirectory(m_parts.window, tr("Open run folder"), m_parts.document->folder());
    if (!path.isEmpty()) openPath(path);
}

void FileController::chooseModel() {
    const QString path = askForModel();
    if (!path.isEmpty()) newFromModel(path);
}

void FileController::chooseCheckpoint() {
    if (!m_parts.document->isOpen()) return chooseModel();
    const QString path = askForModel();
    if (!path.isEmpty()) setValue(kCheckpointKey, path);
}

void FileController::chooseTable() {
    const QString path =
        QFileDialog::getOpenFileName(m_parts.window, tr("Choose table of layers"), m_parts.document->folder(),
                                     tr("Tables of layers (*.yaml *.yml)"));
    if (!path.isEmpty()) setValue(QStringLiteral("model.architecture"), path);
}

void FileController::chooseData() {
    const QString path = QFileDialog::getOpenFileName(m_parts.window, tr("Choose data set"), m_parts.document->folder(),
                                                      tr("Data sets (*.yaml *.yml *.txt *.json);;All files (*)"));
    if (!path.isEmpty()) setValue(QStringLiteral("data.path"), path);
}

}  // namespace qat::ui
