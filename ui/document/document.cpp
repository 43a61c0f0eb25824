// Editing, reading and describing the open configuration.
#include "document/document.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

#include "document/text_step.h"
#include "feed/trouble.h"

namespace qat::ui {
namespace {

constexpr int kUndoSteps = 500;

}  // namespace

Document::Document(QObject* parent) : QObject(parent) {
    m_undo.setUndoLimit(kUndoSteps);
    connect(&m_reader, &DocumentReader::changed, this, [this] {
        Q_EMIT readingChanged();
        const auto reading = m_reader.reading();
        if (m_open && reading->errors == 0) m_described.describe(reading->text, resolvedConfig(*this));
    });
    connect(&m_undo, &QUndoStack::cleanChanged, this, &Document::stateChanged);
    connect(&m_disk, &DiskFile::changed, this, &Document::stateChanged);
}

Document::~Document() {
    disconnect(&m_undo, nullptr, this, nullptr);
}

bool Document::isModified() const {
    return m_open && (!m_undo.isClean() || m_disk.isLost());
}

QString Document::folder() const {
    return m_path.isEmpty() ? QDir::currentPath() : QFileInfo(m_path).absolutePath();
}

QString Document::title() const {
    return m_path.isEmpty() ? m_suggestedName : QFileInfo(m_path).fileName();
}

void Document::reset(const QString& text) {
    m_text = text;
    m_undo.clear();
    m_open = true;
    m_reader.follow(text);
    m_described.clear();
    Q_EMIT textChanged(nullptr);
    Q_EMIT stateChanged();
    m_reader.read();
}

void Document::create(const QString& text, const QString& suggestedName) {
    m_path.clear();
    m_form = {};
    m_disk.follow({}, {});
    m_suggestedName = suggestedName;
    reset(text);
}

QString Document::open(const QString& path) {
    QString trouble;
    const ConfigFile file = readConfigFile(path, trouble);
    if (!trouble.isEmpty()) return trouble;
    m_path = QFileInfo(path).absoluteFilePath();
    m_form = formOf(file);
    m_disk.follow(m_path, file.bytes);
    reset(withoutForm(file.text));
    return {};
}

QString Document::reload() {
    QString trouble;
    const ConfigFile file = readConfigFile(m_path, trouble);
    if (!trouble.isEmpty()) return trouble;
    m_form = formOf(file);
    setText(withoutForm(file.text), tr("reading the file again"), nullptr);
    m_undo.setClean();
    m_disk.follow(m_path, file.bytes);
    Q_EMIT stateChanged();
    return {};
}

void Document::keepMine() {
    m_undo.resetClean();
    m_disk.accept();
    Q_EMIT stateChanged();
}

QString Document::save(const QString& path, Overwrite overwrite) {
    const QFileInfo target(path);
    const QString shown = QDir::toNativeSeparators(path);
    const bool own = target.absoluteFilePath() == m_path;
    if (own && overwrite == Overwrite::No && m_disk.check(true) == DiskState::Changed)
        return tr("%1 was changed by another program; it is not overwritten without asking.").arg(shown);
    if (target.exists() && !target.isFile()) return tr("%1 cannot be written: it is no file.").arg(shown);
    // Asked of the bits themselves: whoever may write everything would not notice that a file is protected.
    if (target.exists() && !(target.permissions() & (QFile::WriteOwner | QFile::WriteGroup | QFile::WriteOther)))
        return tr("%1 cannot be written: it is read-only.").arg(shown);
    QSaveFile file(path);
    const QByteArray bytes = bytesOf(m_text, m_form);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return tr("%1 cannot be written: %2.").arg(shown, file.errorString());
    m_path = target.absoluteFilePath();
    m_disk.follow(m_path, bytes);
    m_undo.setClean();
    Q_EMIT stateChanged();
    m_reader.follow(m_text);  // relative paths may mean something else now
    return {};
}

void Document::close() {
    m_open = false;
    m_path.clear();
    m_form = {};
    m_disk.follow({}, {});
    m_suggestedName.clear();
    m_text.clear();
    m_undo.clear();
    m_reader.clear();
    m_described.clear();
    Q_EMIT textChanged(nullptr);
    Q_EMIT stateChanged();
}

void Document::setText(const QString& text, const QString& what, const void* origin) {
    if (text == m_text) return;
    m_open = true;
    m_undo.push(new TextStep(this, m_text, text, what, origin));
}

QString Document::setValue(const QString& key, const QString& value, const void* origin) {
    return troubleOf([&] { setText(m_reader.withValue(key, value), tr("change of %1").arg(key), origin); });
}

void Document::applyStep(qsizetype at, qsizetype removed, const QString& inserted, const void* origin) {
    m_text.replace(at, removed, inserted);
    m_reader.follow(m_text);
    Q_EMIT textChanged(origin);
}

Config resolvedConfig(Document& document) {
    Config config = document.reader().reading()->config.config;
    resolveConfigPaths(config, document.folder().toStdString());
    return config;
}

}  // namespace qat::ui
