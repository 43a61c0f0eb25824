// Incremental reading with an offset; the file is opened anew each time, so deletion and rotation are seen.
#include "feed/event_tail.h"

#include <QFile>
#include <utility>

#include "feed/regular_file.h"

namespace qat::ui {
namespace {
constexpr qint64 kBlockBytes = 256 * 1024;
constexpr qint64 kLongestLine = 2 * 1024 * 1024;  // an image with 8,000 boxes has half of it
constexpr qint64 kHeadBytes = 256;
}  // namespace

bool EventTail::sameBeginning(QFile& file) {
    const QByteArray head = file.read(kHeadBytes);
    const bool same = head.startsWith(m_head);
    if (same) m_head = head;
    return same;
}

void EventTail::takeLines(Bounds& left, const std::function<void(const QByteArray&)>& line) {
    qsizetype begin = 0;
    while (left.lines > 0 && left.bytes > 0) {
        const qsizetype end = m_pending.indexOf('\n', begin);
        if (end < 0) break;
        if (!std::exchange(m_skipping, false)) {
            line(m_pending.mid(begin, end - begin));
            --left.lines;
            left.bytes -= end + 1 - begin;
        }
        begin = end + 1;
    }
    m_pending.remove(0, begin);
    if (m_pending.size() <= kLongestLine || m_pending.contains('\n')) return;
    if (!m_skipping) line(m_pending.left(kHeadBytes));
    left.bytes -= m_pending.size();
    m_pending.clear();
    m_skipping = true;
}

EventTail::State EventTail::read(const Bounds& bounds, const std::function<void(const QByteArray&)>& line) {
    QFile file;
    if (!openRegular(file, m_path)) return State::Missing;
    if (file.size() < m_offset) return State::Replaced;
    if (file.size() == m_offset && !m_more) return State::Unchanged;
    if (!sameBeginning(file)) return State::Replaced;
    file.seek(m_offset);
    Bounds left = bounds;
    takeLines(left, line);
    while (left.lines > 0 && left.bytes > 0) {
        const QByteArray block = file.read(kBlockBytes);
        if (block.isEmpty()) break;
        m_offset += block.size();
        m_pending += block;
        takeLines(left, line);
    }
    m_more = m_pending.contains('\n') || file.size() > m_offset;
    return left.lines < bounds.lines ? State::Read : State::Unchanged;
}

}  // namespace qat::ui
