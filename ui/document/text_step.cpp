// Keeps the differing middle of two texts; merges what is typed in one go.
#include "document/text_step.h"

#include <algorithm>
#include <utility>

#include "document/document.h"

namespace qat::ui {
namespace {

constexpr qint64 kMergeWithinMs = 1000;

}  // namespace

TextStep::TextStep(Document* document, const QString& before, const QString& after, const QString& what,
                   const void* origin)
    : QUndoCommand(what), m_document(document), m_origin(origin) {
    const qsizetype shorter = std::min(before.size(), after.size());
    qsizetype head = 0, tail = 0;
    while (head < shorter && before[head] == after[head]) ++head;
    while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
    m_at = head;
    m_removed = before.mid(head, before.size() - head - tail);
    m_inserted = after.mid(head, after.size() - head - tail);
    m_age.start();
}

void TextStep::undo() {
    m_document->applyStep(m_at, m_inserted.size(), m_removed, nullptr);
}

// The editor that made the step already shows it the first time; on a later redo it has to listen again.
void TextStep::redo() {
    m_document->applyStep(m_at, m_removed.size(), m_inserted, std::exchange(m_origin, nullptr));
}

bool TextStep::mergeWith(const QUndoCommand* other) {
    const auto* next = static_cast<const TextStep*>(other);
    if (next->text() != text() || m_age.msecsTo(next->m_age) > kMergeWithinMs) return false;
    if (next->m_removed.isEmpty() && next->m_at == m_at + m_inserted.size()) {
        m_inserted += next->m_inserted;
    } else if (next->m_inserted.isEmpty() && m_inserted.isEmpty() && next->m_at + next->m_removed.size() == m_at) {
        m_at = next->m_at;
        m_removed = next->m_removed + m_removed;
    } else {
        return false;
    }
    m_age = next->m_age;
    return true;
}

}  // namespace qat::ui
