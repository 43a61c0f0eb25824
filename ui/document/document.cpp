// Editing, reading and describing the open configuration.
#include "document/document.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <exception>

#include "document/text_step.h"

namespace qat::ui {
namespace {

constexpr int kReadAfterMs = 150;
constexpr qint64 kLargestFile = 4 << 20;  // a configuration is a few KB; a larger file is something else
constexpr int kUndoSteps = 500;

std::shared_ptr<const Reading> readText(const QString& text) {
    auto reading = std::make_shared<Reading>();
    reading->text = text;
    const std::string bytes = text.toStdString();
    reading->config = readConfig(bytes);
    for (const ConfigField& field : configFields())
        reading->values.insert(QString::fromStdString(field.path), configValueAt(bytes, field.path));
    for (const ConfigIssue& issue : reading->config.issues)
        ++(issue.severity == Severity::Error ? reading->errors : reading->warnings);
    return reading;
}

// What the core thinks is wrong, as one sentence; never lets an exception pass into Qt.
template <class Call>
QString sentenceOf(Call&& call) {
    try {
        call();
        return {};
    } catch (const std::exception& error) {
        return QString::fromUtf8(error.what());
    }
}

}  // namespace

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
}

Document::~Document() {
    disconnect(&m_undo, nullptr, this, nullptr);
    m_readPool.waitForDone();
    m_modelPool.waitForDone();
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
    Q_EMIT textChanged(nullptr);
    Q_EMIT stateChanged();
    Q_EMIT modelChanged();
    read();
}

void Document::create(const QString& text, const QString& suggestedName) {
    m_path.clear();
    m_suggestedName = suggestedName;
    reset(text);
}

QString Document::open(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return tr("%1 cannot be read: %2.").arg(QDir::toNativeSeparators(path), file.errorString());
    const QByteArray bytes = file.read(kLargestFile + 1);
    if (bytes.size() > kLargestFile) return tr("%1 is larger than 4 MB, so it is no configuration.").arg(path);
    if (bytes.contains('\0')) return tr("%1 is not a text file.").arg(path);
    m_path = QFileInfo(path).absoluteFilePath();
    reset(QString::fromUtf8(bytes).replace(QStringLiteral("\r\n"), QStringLiteral("\n")));
    return {};
}

QString Document::save(const QString& path) {
    QSaveFile file(path);
    const QByteArray bytes = m_text.toUtf8();
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return tr("%1 cannot be written: %2.").arg(QDir::toNativeSeparators(path), file.errorString());
    m_path = QFileInfo(path).absoluteFilePath();
    m_undo.setClean();
    Q_EMIT stateChanged();
    m_readTimer.start();  // relative paths may mean something else now
    return {};
}

void Document::close() {
    m_open = false;
    m_path.clear();
    m_suggestedName.clear();
    m_text.clear();
    m_undo.clear();
    ++m_readGeneration;
    ++m_modelGeneration;
    m_reading = std::make_shared<Reading>();
    m_model.reset();
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
    return sentenceOf([&] {
        const std::string changed = setConfigValue(m_text.toStdString(), key.toStdString(), value.toStdString());
        setText(QString::fromStdString(changed), tr("change of %1").arg(key), origin);
    });
}

QString Document::value(const QString& key) const {
    return QString::fromStdString(configValueAt(m_text.toStdString(), key.toStdString()).value);
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
    m_readPool.start([this, generation, text = m_text] {
        const auto reading = readText(text);
        QMetaObject::invokeMethod(
            this, [this, reading, generation] { takeReading(reading, generation); }, Qt::QueuedConnection);
    });
}

void Document::takeReading(const std::shared_ptr<const Reading>& reading, int generation) {
    if (generation != m_readGeneration) return;
    m_reading = reading;
    Q_EMIT readingChanged();
    if (reading->errors == 0 && m_open) describe();
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
    m_modelPool.start([this, generation, config = resolvedConfig()] {
        std::shared_ptr<const ModelDescription> model;
        const QString trouble =
            sentenceOf([&] { model = std::make_shared<const ModelDescription>(describeModel(config)); });
        QMetaObject::invokeMethod(
            this, [this, model, trouble, generation] { takeModel(model, trouble, generation); }, Qt::QueuedConnection);
    });
}

void Document::takeModel(std::shared_ptr<const ModelDescription> model, const QString& trouble, int generation) {
    m_describing = false;
    if (generation == m_modelGeneration) {
        m_model = std::move(model);
        m_modelTrouble = trouble;
        Q_EMIT modelChanged();
    }
    if (m_describeAgain && m_open) describe();
}

}  // namespace qat::ui
