// One undoable replacement inside the document's text.
#pragma once

#include <QElapsedTimer>
#include <QUndoCommand>

namespace qat::ui {

class Document;

class TextStep : public QUndoCommand {
public:
    // Only the part that differs between the two texts is kept.
    TextStep(Document* document, const QString& before, const QString& after, const QString& what, const void* origin);
    void undo() override;
    void redo() override;
    int id() const override { return 1; }
    bool mergeWith(const QUndoCommand* other) override;

private:
    Document* m_document;
    qsizetype m_at = 0;
    QString m_removed, m_inserted;
    const void* m_origin;
    QElapsedTimer m_age;
};

}  // namespace qat::ui
