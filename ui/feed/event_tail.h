// Reads a growing file line by line: whole lines only, a bounded number of lines and bytes at a time.
#pragma once

#include <QByteArray>
#include <QString>
#include <functional>

class QFile;

namespace qat::ui {

class EventTail {
public:
    // What a read found out about the file.
    enum class State { Unchanged, Read, Missing, Replaced };

    EventTail() = default;
    explicit EventTail(QString path) : m_path(std::move(path)) {}

    // How much one read() hands over: it stops after the line that reaches either bound.
    struct Bounds {
        int lines;
        qint64 bytes;
    };

    // Calls `line` for complete new lines within the bounds. Missing: there is no regular file that can be read.
    // Replaced: the file shrank or begins differently than before, nothing was read and the caller should start over
    // with a new tail. A line longer than 2 MB is handed over cut, so that it counts as corrupt instead of filling the
    // memory.
    State read(const Bounds& bounds, const std::function<void(const QByteArray&)>& line);

    // Whole lines are waiting that the last read had no room for.
    bool hasMore() const { return m_more; }
    qint64 offset() const { return m_offset; }
    const QString& path() const { return m_path; }

private:
    bool sameBeginning(QFile& file);
    void takeLines(Bounds& left, const std::function<void(const QByteArray&)>& line);

    QString m_path;
    QByteArray m_head;     // first bytes of the file: tells a rotated file from a longer one
    QByteArray m_pending;  // read but not yet handed over
    qint64 m_offset = 0;
    bool m_skipping = false;  // inside a line that was cut
    bool m_more = false;
};

}  // namespace qat::ui
