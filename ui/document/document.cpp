// Editing, reading and describing the open configuration.
#include "document/document.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

#include "base/text.h"
#include "document/text_step.h"
#include "feed/trouble.h"

namespace qat::ui {
namespace {

constexpr int kReadAfterMs = 150;
constexpr int kUndoSteps = 500;
const auto kCrLf = QStringLiteral("\r\n"), kLf = QStringLiteral("\n");

void fill(Reading& reading) {
    if (!reading.parsed) reading.parsed = std::make_shared<const ConfigText>(reading.text.toStdString());
    reading.config = reading.parsed->reading();
    const std::vector<ConfigField>& fields = configFields();
    const std::vector<ConfigValueAt> values = reading.parsed->fieldValues();
    for (size_t i = 0; i < fields.size(); ++i) reading.values.insert(QString::fromStdString(fields[i].path), values[i]);
}

// parsed: the text's, null if it is to be parsed here.
std::shared_ptr<const Reading> readText(const QString& text, std::shared_ptr<const ConfigText> parsed) {
    auto reading = std::make_shared<Reading>();
    reading->text = text;
    reading->parsed = std::move(parsed);
    if (const QString trouble = troubleOf([&] { fill(*reading); }); !trouble.isEmpty())
        reading->config.issues = {{Severity::Error, 0, 0, "", trouble.toStdString()}};
    for (const ConfigIssue& issue : reading->config.issues)
        ++(issue.severity == Severity::Error ? reading->errors : reading->warnings);
    return reading;
}

}  // namespace

ConfigFile readConfigFile(const QString& path, QString& trouble) {
    ConfigFile file;
    file.bytes = readRegularFile(path, DiskFile::kLargest, trouble);
    if (!trouble.isEmpty()) return file;
    std::string text;
    trouble = troubleOf([&] { text = utf8Text(path.toStdString(), file.bytes.toStdString()); });
    file.text = QString::fromStdString(text);
    return file;
}

int Reading::issuesIn(const QString& section) const {
    int count = 0;
    for (const ConfigIssue& issue : config.issues) {
        const QString key = QString::fromStdString(issue.key);
        count += key == section || key.startsWith(section + QLatin1Char('.'));
    }
    return count;
}

QString Reading::keyAt(int line) const {
    for (auto at = values.begin(); at != values.end(); ++at)
        if (at->line == line && line > 0) return at.key();
    return {};
}

Document::Document(QObject* parent) : QObject(parent), m_reading(std::make_shared<Reading>()) {
    m_undo.setUndoLimit(kUndoSteps);
    m_readPool.setMaxThreadCount(1);
    m_modelPool.setMaxThreadCount(1);
    m_readTimer.setSingleShot(true);
    m_readTimer.setInterval(kReadAfterMs);
    connect(&m_readTimer, &QTimer::timeout, this, &Document::read);
    connect(&m_undo, &QUndoStack::cleanChanged, this, &Document::stateChanged);
    connect(&m_disk, &DiskFile::changed, this, &Document::diskChanged);
    connect(&m_disk, &DiskFile::changed, this, &Document::stateChanged);
}

Document::~Document() {
    disconnect(&m_undo, nullptr, this, nullptr);
    m_readPool.waitForDone();
    m_modelPool.waitForDone();
}

bool Document::isModified() const {
    return m_open && (!m_undo.isClean() || isOnlyCopy());
}

bool Document::isOnlyCopy() const {
    return m_disk.state() == DiskState::Gone || m_disk.state() == DiskState::NoFile;
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
    m_model.reset();
    m_modelTrouble.clear();
    m_modelText.clear();
    Q_EMIT textChanged(nullptr);
    Q_EMIT stateChanged();
    Q_EMIT modelChanged();
    read();
}

void Document::create(const QString& text, const QString& suggestedName) {
    m_path.clear();
    noteForm({});
    m_disk.follow({}, {});
    m_suggestedName = suggestedName;
    reset(text);
}

QString Document::open(const QString& path) {
    QString trouble;
    ConfigFile file = readConfigFile(path, trouble);
    if (!trouble.isEmpty()) return trouble;
    m_path = QFileInfo(path).absoluteFilePath();
    noteForm(file);
    m_disk.follow(m_path, file.bytes);
    reset(file.text.replace(kCrLf, kLf));
    return {};
}

QString Document::reload() {
    QString trouble;
    ConfigFile file = readConfigFile(m_path, trouble);
    if (!trouble.isEmpty()) return trouble;
    noteForm(file);
    setText(file.text.replace(kCrLf, kLf), tr("reading the file again"), nullptr);
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

void Document::noteForm(const ConfigFile& file) {
    m_crlf = file.text.contains(kCrLf);
    m_mark = file.bytes.startsWith(kByteOrderMark);
}

QByteArray Document::fileBytes() const {
    const QByteArray bytes = (m_crlf ? QString(m_text).replace(kLf, kCrLf) : m_text).toUtf8();
    return m_mark ? QByteArrayView(kByteOrderMark).toByteArray() + bytes : bytes;
}

QString Document::save(const QString& path, Overwrite overwrite) {
    const QFileInfo target(path);
    const QString shown = QDir::toNativeSeparators(path);
    const bool own = target.absoluteFilePath() == m_path;
    if (own && overwrite == Overwrite::No && checkDisk(true) == DiskState::Changed)
        return tr("%1 was changed by another program; it is not overwritten without asking.").arg(shown);
    if (target.exists() && !target.isFile()) return tr("%1 cannot be written: it is no file.").arg(shown);
    // Asked of the bits themselves: whoever may write everything would not notice that a file is protected.
    if (target.exists() && !(target.permissions() & (QFile::WriteOwner | QFile::WriteGroup | QFile::WriteOther)))
        return tr("%1 cannot be written: it is read-only.").arg(shown);
    QSaveFile file(path);
    const QByteArray bytes = fileBytes();
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return tr("%1 cannot be written: %2.").arg(shown, file.errorString());
    m_path = target.absoluteFilePath();
    m_disk.follow(m_path, bytes);
    m_undo.setClean();
    Q_EMIT stateChanged();
    m_readTimer.start();  // relative paths may mean something else now
    return {};
}

void Document::close() {
    m_open = false;
    m_path.clear();
    noteForm({});
    m_disk.follow({}, {});
    m_suggestedName.clear();
    m_text.clear();
    m_undo.clear();
    ++m_readGeneration;
    ++m_modelGeneration;
    m_reading = std::make_shared<Reading>();
    m_model.reset();
    m_modelText.clear();
    Q_EMIT textChanged(nullptr);
    Q_EMIT readingChanged();
    Q_EMIT modelChanged();
    Q_EMIT stateChanged();
}

void Document::setText(const QString& text, const QString& what, const void* origin) {
    if (text == m_text) return;
    m_open = true;
    m_undo.push(new TextStep(this, m_text, text, what, origin));
}

QString Document::setValue(const QString& key, const QString& value, const void* origin) {
    return troubleOf([&] {
        auto changed = std::make_shared<const ConfigText>(parsed().withValue(key.toStdString(), value.toStdString()));
        m_parsedText = QString::fromStdString(changed->text());
        m_parsed = std::move(changed);
        setText(m_parsedText, tr("change of %1").arg(key), origin);
    });
}

QString Document::value(const QString& key) const {
    return QString::fromStdString(parsed().valueAt(key.toStdString()).value);
}

const ConfigText& Document::parsed() const {
    if (!m_parsed || m_parsedText != m_text) {
        m_parsed = std::make_shared<const ConfigText>(m_text.toStdString());
        m_parsedText = m_text;
    }
    return *m_parsed;
}

void Document::applyStep(qsizetype at, qsizetype removed, const QString& inserted, const void* origin) {
    m_text.replace(at, removed, inserted);
    m_readTimer.start();
    Q_EMIT textChanged(origin);
}

void Document::read() {
    m_readTimer.stop();
    const int generation = ++m_readGeneration;
    m_readPool.clear();
    m_readPool.start([this, generation, text = m_text, parsed = m_parsedText == m_text ? m_parsed : nullptr] {
        const auto reading = readText(text, parsed);
        QMetaObject::invokeMethod(
            this, [this, reading, generation] { takeReading(reading, generation); }, Qt::QueuedConnection);
    });
}

void Document::takeReading(const std::shared_ptr<const Reading>& reading, int generation) {
    if (generation != m_readGeneration) return;
    m_reading = reading;
    if (reading->parsed && reading->text == m_text) {
        m_parsedText = m_text;
        m_parsed = reading->parsed;
    }
    Q_EMIT readingChanged();
    if (reading->errors == 0 && m_open) describe();
}

std::shared_ptr<const Reading> Document::readNow() {
    if (!m_open || (m_reading->text == m_text && m_reading->parsed)) return m_reading;
    m_readTimer.stop();
    takeReading(readText(m_text, m_parsedText == m_text ? m_parsed : nullptr), ++m_readGeneration);
    return m_reading;
}

Config Document::resolvedConfig() const {
    Config config = m_reading->config.config;
    resolveConfigPaths(config, folder().toStdString());
    return config;
}

// One description at a time; edits made meanwhile are described once at its end.
void Document::describe() {
    m_describeAgain = m_describing;
    if (m_describing) return;
    m_describing = true;
    const int generation = ++m_modelGeneration;
    m_modelPool.start([this, generation, text = m_reading->text, config = resolvedConfig()] {
        Described described{text, {}, nullptr};
        described.trouble =
            troubleOf([&] { described.model = std::make_shared<const ModelDescription>(describeModel(config)); });
        QMetaObject::invokeMethod(
            this, [this, described, generation] { takeModel(described, generation); }, Qt::QueuedConnection);
    });
}

void Document::takeModel(const Described& described, int generation) {
    m_describing = false;
    if (generation == m_modelGeneration) {
        m_model = described.model;
        m_modelTrouble = described.trouble;
        m_modelText = described.text;
        Q_EMIT modelChanged();
    }
    if (m_describeAgain && m_open) describe();
}

}  // namespace qat::ui
