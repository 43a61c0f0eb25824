// Incremental reading with an offset; the file is opened anew each time, so deletion and rotation are seen.
#include "feed/event_tail.h"

#include <QFile>
#include <algorithm>
#include <utility>

namespace qat::ui {
namespace {
constexpr qint64 kBlockBytes = 256 * 1024;
constexpr qint64 kLongestLine = 8 * 1024 * 1024;
constexpr qint64 kHeadBytes = 256;
}  // namespace

bool EventTail::sameBeginning(QFile& file) {
    const QByteArray head = file.read(kHeadBytes);
    const bool same = head.startsWith(m_head);
    if (same) m_head = head;
    return same;
}

void EventTail::takeLines(int maxLines, int& taken, const std::function<void(const QByteArray&)>& line) {
    qsizetype begin = 0;
    while (taken < maxLines) {
        const qsizetype end = m_pending.indexOf('\n', begin);
        if (end < 0) break;
        if (!std::exchange(m_skipping, false)) {
            line(m_pending.mid(begin, end - begin));
            ++taken;
        }
        begin = end + 1;
    }
    m_pending.remove(0, begin);
    if (m_pending.size() <= kLongestLine || m_pending.contains('\n')) return;
    if (!m_skipping) line(m_pending.left(kHeadBytes));
    m_pending.clear();
    m_skipping = true;
}

EventTail::State EventTail::read(int maxLines, const std::function<void(const QByteArray&)>& line) {
    QFile file(m_path);
    if (!file.exists() || !file.open(QIODevice::ReadOnly)) return State::Missing;
    if (file.size() < m_offset) return State::Replaced;
    if (file.size() == m_offset && !m_more) return State::Unchanged;
    if (!sameBeginning(file)) return State::Replaced;
    file.seek(m_offset);
    int taken = 0;
    takeLines(maxLines, taken, line);
    while (taken < maxLines) {
        const QByteArray block = file.read(kBlockBytes);
        if (block.isEmpty()) break;
        m_offset += block.size();
        m_pending += block;
        takeLines(maxLines, taken, line);
    }
    m_more = m_pending.contains('\n') || file.size() > m_offset;
    return taken > 0 ? State::Read : State::Unchanged;
}

}  // namespace qat::ui
