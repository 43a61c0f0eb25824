// What the core reads in the text of a document: values, issues, places.
#pragma once

#include <QHash>
#include <QObject>
#include <QString>
#include <QThreadPool>
#include <QTimer>
#include <memory>

#include "config/config_text.h"

namespace qat::ui {

// What one reading of the text gave; shared, never changed.
struct Reading {
    QString text;
    std::shared_ptr<const ConfigText> parsed;  // of the text; null in a reading of none
    ConfigReading config;
    QHash<QString, ConfigValueAt> values;  // every key of configFields()
    int errors = 0, warnings = 0;

    int issuesIn(const QString& section) const;
    // The key whose value stands on a line (1-based), "" if none.
    QString keyAt(int line) const;
};

// Reads in a pool, a pause after the last edit; the newest text wins.
class DocumentReader : public QObject {
    Q_OBJECT
public:
    explicit DocumentReader(QObject* parent = nullptr);
    ~DocumentReader() override;

    // The newest reading; never null, but it may be of an older text for a moment.
    std::shared_ptr<const Reading> reading() const { return m_reading; }
    // The reading of the text as it is now, made at once if need be.
    std::shared_ptr<const Reading> now();
    // The value the text gives to a key now, or the default.
    QString value(const QString& key) const;
    // The text with one scalar changed (dotted path). Throws Error if the text cannot take it.
    QString withValue(const QString& key, const QString& value);

    // Another text, read after a pause; and what is read without one.
    void follow(const QString& text);
    void read();
    // No text: an empty reading.
    void clear();

Q_SIGNALS:
    void changed();  // reading()

private:
    const ConfigText& parsed() const;
    std::shared_ptr<const ConfigText> parsedNow() const;
    void take(const std::shared_ptr<const Reading>& reading, int generation);

    QString m_text;
    bool m_follows = false;  // there is a text
    std::shared_ptr<const Reading> m_reading;
    // The newest text that was parsed, and its tree: asked for values, edited, and read without being parsed again.
    mutable QString m_parsedText;
    mutable std::shared_ptr<const ConfigText> m_parsed;
    QTimer m_timer;
    QThreadPool m_pool;
    int m_generation = 0;
};

}  // namespace qat::ui
