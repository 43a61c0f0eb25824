// The open configuration: its text, its undo stack, and what the core makes of it.
#pragma once

#include <QHash>
#include <QObject>
#include <QString>
#include <QThreadPool>
#include <QTimer>
#include <QUndoStack>
#include <memory>

#include "config/config_text.h"
#include "document/disk_file.h"
#include "session/inspect.h"

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

// The text of a configuration file, whatever its encoding. `trouble` is "" or one sentence about a file that is none.
struct ConfigFile {
    QByteArray bytes;
    QString text;  // with the file's line ends
};
ConfigFile readConfigFile(const QString& path, QString& trouble);

// One document a window. The text is the truth: form, table and editor change it here and listen for the result.
// Reading and describing happen on pools, the newest text wins.
class Document : public QObject {
    Q_OBJECT
public:
    explicit Document(QObject* parent = nullptr);
    ~Document() override;

    const QString& text() const { return m_text; }
    const QString& path() const { return m_path; }  // "" = never saved
    QString folder() const;                         // of the file; the working folder while unsaved
    QString title() const;                          // file name, or the suggested one
    bool isOpen() const { return m_open; }
    bool isModified() const;  // closing would lose something: edits, or all of it
    bool isOnlyCopy() const;  // the file that held the text is gone, or something else stands there
    QUndoStack* undoStack() { return &m_undo; }

    // The newest reading; never null, but it may be of an older text for a moment.
    std::shared_ptr<const Reading> reading() const { return m_reading; }
    // The reading of the text as it is now, made at once if need be.
    std::shared_ptr<const Reading> readNow();
    // The newest description; null until there is one. modelTrouble() says why there is none, "" if all is well.
    std::shared_ptr<const ModelDescription> model() const { return m_model; }
    const QString& modelTrouble() const { return m_modelTrouble; }
    bool isDescribing() const { return m_describing; }
    // The text that model() describes.
    const QString& modelText() const { return m_modelText; }

    // A new unsaved document.
    void create(const QString& text, const QString& suggestedName);
    // These return one sentence on failure, "" on success; a failed save leaves the document modified. save() does not
    // replace what another program wrote into the document's own file, unless it is told to.
    enum class Overwrite { No, Yes };
    QString open(const QString& path);
    QString save(const QString& path, Overwrite overwrite = Overwrite::No);
    void close();

    // Whether the file is still as it was read or written here; checkDisk() looks, and diskChanged() tells.
    DiskState diskState() const { return m_disk.state(); }
    DiskState checkDisk(bool closely = false) { return m_disk.check(closely); }
    // Takes the text that another program wrote, as one undo step; a sentence on failure, else "".
    QString reload();
    // The text here is to replace what another program wrote: the document counts as modified until it is saved.
    void keepMine();
    // Of the file as it was read or written last, for recovery: edits may come back to a file that has changed since.
    const QByteArray& fileHash() const { return m_disk.hash(); }
    void expectFile(const QByteArray& hash) { m_disk.expect(hash); }

    // Replaces the text as one undo step; steps of the same origin within a second that touch neighbouring places
    // merge. `what` names the step in Edit > Undo.
    void setText(const QString& text, const QString& what, const void* origin);
    // Changes one scalar (dotted path) and keeps everything else; a sentence if the text cannot take it, else "".
    QString setValue(const QString& key, const QString& value, const void* origin);
    // The value the text gives to a key now, or the default.
    QString value(const QString& key) const;
    // Relative paths in the text are relative to the file.
    Config resolvedConfig() const;

Q_SIGNALS:
    void textChanged(const void* origin);
    void readingChanged();
    void modelChanged();
    void stateChanged();  // path, title or modified flag
    void diskChanged();   // diskState()

private:
    friend class TextStep;
    void applyStep(qsizetype at, qsizetype removed, const QString& inserted, const void* origin);
    void reset(const QString& text);
    void read();
    const ConfigText& parsed() const;
    void takeReading(const std::shared_ptr<const Reading>& reading, int generation);
    void describe();
    struct Described {
        QString text, trouble;
        std::shared_ptr<const ModelDescription> model;
    };
    void takeModel(const Described& described, int generation);
    void noteForm(const ConfigFile& file);
    QByteArray fileBytes() const;

    QString m_text, m_path, m_suggestedName;
    bool m_crlf = false, m_mark = false;  // the file has Windows' line ends, a byte order mark: saved as they were
    DiskFile m_disk;
    bool m_open = false;
    QUndoStack m_undo;
    std::shared_ptr<const Reading> m_reading;
    // The newest text that was parsed, and its tree: asked for values, edited, and read without being parsed again.
    mutable QString m_parsedText;
    mutable std::shared_ptr<const ConfigText> m_parsed;
    std::shared_ptr<const ModelDescription> m_model;
    QString m_modelTrouble, m_modelText;
    bool m_describing = false, m_describeAgain = false;
    QTimer m_readTimer;
    QThreadPool m_readPool, m_modelPool;
    int m_readGeneration = 0;
    int m_modelGeneration = 0;
};

}  // namespace qat::ui
