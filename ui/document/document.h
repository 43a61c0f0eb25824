// The open configuration: its text, its undo stack, and what the core makes of it.
#pragma once

#include <QObject>
#include <QString>
#include <QUndoStack>

#include "document/config_file.h"
#include "document/described_model.h"
#include "document/disk_file.h"
#include "document/document_reader.h"

namespace qat::ui {

// One document a window. The text is the truth: form, table and editor change it here and listen for the result.
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
    QUndoStack* undoStack() { return &m_undo; }

    // What the core makes of the text, and of the model that it names.
    DocumentReader& reader() { return m_reader; }
    DescribedModel& described() { return m_described; }
    // Whether the file is still as it was read or written here. Edits of a recovery may come back to a file that has
    // changed since: DiskFile::expect().
    DiskFile& disk() { return m_disk; }

    // A new unsaved document.
    void create(const QString& text, const QString& suggestedName);
    // These return one sentence on failure, "" on success; a failed save leaves the document modified. save() does not
    // replace what another program wrote into the document's own file, unless it is told to.
    enum class Overwrite { No, Yes };
    QString open(const QString& path);
    QString save(const QString& path, Overwrite overwrite = Overwrite::No);
    void close();

    // Takes the text that another program wrote, as one undo step; a sentence on failure, else "".
    QString reload();
    // The text here is to replace what another program wrote: the document counts as modified until it is saved.
    void keepMine();
    // Replaces the text as one undo step; steps of the same origin within a second that touch neighbouring places
    // merge. `what` names the step in Edit > Undo.
    void setText(const QString& text, const QString& what, const void* origin);
    // Changes one scalar (dotted path) and keeps everything else; a sentence if the text cannot take it, else "".
    QString setValue(const QString& key, const QString& value, const void* origin);

Q_SIGNALS:
    void textChanged(const void* origin);
    void readingChanged();  // reader(); its model is not yet described
    void stateChanged();    // path, title or modified flag

private:
    friend class TextStep;
    void applyStep(qsizetype at, qsizetype removed, const QString& inserted, const void* origin);
    void reset(const QString& text);

    QString m_text, m_path, m_suggestedName;
    TextForm m_form;
    DiskFile m_disk;
    bool m_open = false;
    QUndoStack m_undo;
    DocumentReader m_reader;
    DescribedModel m_described;
};

// What the text says, its relative paths resolved: they are relative to the file.
Config resolvedConfig(Document& document);

}  // namespace qat::ui
