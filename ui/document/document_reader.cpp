// Readings in the background, and the one parsed tree that edits and questions share with them.
#include "document/document_reader.h"

#include "config/config_io.h"
#include "feed/trouble.h"

namespace qat::ui {
namespace {

constexpr int kReadAfterMs = 150;

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

DocumentReader::DocumentReader(QObject* parent) : QObject(parent), m_reading(std::make_shared<Reading>()) {
    m_pool.setMaxThreadCount(1);
    m_timer.setSingleShot(true);
    m_timer.setInterval(kReadAfterMs);
    connect(&m_timer, &QTimer::timeout, this, &DocumentReader::read);
}

DocumentReader::~DocumentReader() {
    m_pool.waitForDone();
}

void DocumentReader::follow(const QString& text) {
    m_text = text;
    m_follows = true;
    m_timer.start();
}

void DocumentReader::clear() {
    m_text.clear();
    m_follows = false;
    m_timer.stop();
    ++m_generation;
    m_reading = std::make_shared<Reading>();
    Q_EMIT changed();
}

std::shared_ptr<const ConfigText> DocumentReader::parsedNow() const {
    return m_parsedText == m_text ? m_parsed : nullptr;
}

const ConfigText& DocumentReader::parsed() const {
    if (!parsedNow()) {
        m_parsed = std::make_shared<const ConfigText>(m_text.toStdString());
        m_parsedText = m_text;
    }
    return *m_parsed;
}

QString DocumentReader::value(const QString& key) const {
    return QString::fromStdString(parsed().valueAt(key.toStdString()).value);
}

QString DocumentReader::withValue(const QString& key, const QString& value) {
    auto changed = std::make_shared<const ConfigText>(parsed().withValue(key.toStdString(), value.toStdString()));
    m_parsedText = QString::fromStdString(changed->text());
    m_parsed = std::move(changed);
    return m_parsedText;
}

void DocumentReader::read() {
    m_timer.stop();
    const int generation = ++m_generation;
    m_pool.clear();
    m_pool.start([this, generation, text = m_text, parsed = parsedNow()] {
        const auto reading = readText(text, parsed);
        QMetaObject::invokeMethod(
            this, [this, reading, generation] { take(reading, generation); }, Qt::QueuedConnection);
    });
}

void DocumentReader::take(const std::shared_ptr<const Reading>& reading, int generation) {
    if (generation != m_generation) return;
    m_reading = reading;
    if (reading->parsed && reading->text == m_text) {
        m_parsedText = m_text;
        m_parsed = reading->parsed;
    }
    Q_EMIT changed();
}

std::shared_ptr<const Reading> DocumentReader::now() {
    if (!m_follows || (m_reading->text == m_text && m_reading->parsed)) return m_reading;
    m_timer.stop();
    take(readText(m_text, parsedNow()), ++m_generation);
    return m_reading;
}

}  // namespace qat::ui
