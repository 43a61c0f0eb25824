// Rows are numbered by the line's place in the whole run, so that the ring of the store can move underneath.
#include "progress/log_model.h"

#include <QPainter>
#include <algorithm>

#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/format.h"

namespace qat::ui {

namespace {

QString timeText(const RunData& data, const LogLine& line) {
    const QDateTime time = wallClock(data, line);
    return time.isValid() ? time.toLocalTime().toString(QStringLiteral("HH:mm:ss")) : formatDuration(line.t);
}

}  // namespace

LogModel::LogModel(const RunStore* store, QObject* parent) : QAbstractTableModel(parent), m_store(store) {
    reset();
}

void LogModel::reset() {
    const RunLog& log = m_store->data().log;
    beginResetModel();
    m_first = log.dropped;
    m_rows = static_cast<int>(log.lines.size());
    endResetModel();
}

void LogModel::update() {
    const RunLog& log = m_store->data().log;
    const qint64 end = log.dropped + static_cast<qint64>(log.lines.size());
    if (log.dropped < m_first || end < m_first + m_rows) return reset();
    const int gone = static_cast<int>(std::min<qint64>(log.dropped - m_first, m_rows));
    if (gone > 0) {
        beginRemoveRows({}, 0, gone - 1);
        m_first += gone;
        m_rows -= gone;
        endRemoveRows();
    }
    if (m_rows == 0) m_first = log.dropped;
    const int added = static_cast<int>(end - m_first - m_rows);
    if (added <= 0) return;
    beginInsertRows({}, m_rows, m_rows + added - 1);
    m_rows += added;
    endInsertRows();
}

int LogModel::countOf(LogLevel level) const {
    return static_cast<int>(std::ranges::count(m_store->data().log.lines, level, &LogLine::level));
}

int LogModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : m_rows;
}
int LogModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(ColumnCount);
}

const LogLine* LogModel::lineAt(int row) const {
    const RunLog& log = m_store->data().log;
    const qint64 at = m_first + row - log.dropped;
    return at >= 0 && at < static_cast<qint64>(log.lines.size()) ? &log.lines[static_cast<size_t>(at)] : nullptr;
}

QVariant LogModel::data(const QModelIndex& index, int role) const {
    const LogLine* line = index.isValid() ? lineAt(index.row()) : nullptr;
    if (!line) return {};
    if (role == SeverityRole) return static_cast<int>(line->level);
    if (role == Qt::ToolTipRole && index.column() == Text) return qtext(line->text);
    if (role == TokenRole) {
        if (index.column() == Level && line->level == LogLevel::Warning) return int(Color::Warning);
        if (index.column() == Level && line->level == LogLevel::Error) return int(Color::Error);
        return int(index.column() == Text ? Color::Text : Color::Text2);
    }
    if (role != Qt::DisplayRole) return {};
    switch (index.column()) {
        case Time:
            return timeText(m_store->data(), *line);
        case Level:
            return line->level == LogLevel::Info      ? tr("info")
                   : line->level == LogLevel::Warning ? tr("warn")
                                                      : tr("error");
        case Source:
            return qtext(line->source);
        default:
            return qtext(line->text);
    }
}

QVariant LogModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    const QString titles[] = {tr("Time"), tr("Level"), tr("Source"), tr("Message")};
    return titles[std::clamp(section, 0, 3)];
}

void LogFilter::setLeast(LogLevel least) {
    m_least = least;
    invalidateFilter();
}

void LogFilter::setText(const QString& text) {
    m_pattern = QRegularExpression(text, QRegularExpression::CaseInsensitiveOption);
    if (!m_pattern.isValid())
        m_pattern = QRegularExpression(QRegularExpression::escape(text), QRegularExpression::CaseInsensitiveOption);
    invalidateFilter();
}

bool LogFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    const QModelIndex line = sourceModel()->index(row, LogModel::Text, parent);
    if (line.data(LogModel::SeverityRole).toInt() < static_cast<int>(m_least)) return false;
    if (m_pattern.pattern().isEmpty()) return true;
    const QModelIndex source = sourceModel()->index(row, LogModel::Source, parent);
    return m_pattern.match(line.data().toString()).hasMatch() || m_pattern.match(source.data().toString()).hasMatch();
}

void LogDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const auto severity = static_cast<LogLevel>(index.data(LogModel::SeverityRole).toInt());
    if (severity == LogLevel::Info) return RowDelegate::paint(painter, option, index);
    painter->save();
    const bool warning = severity == LogLevel::Warning;
    if (option.state & QStyle::State_Selected)
        paintBackground(*painter, option, index);
    else
        painter->fillRect(option.rect, theme().color(warning ? Color::WarningSoft : Color::ErrorSoft));
    QRect cell = option.rect.adjusted(m_hub.px(index.column() == 0 ? 12 : 8), 0, -m_hub.px(4), -1);
    if (index.column() == LogModel::Level) {
        const int side = m_hub.px(13);
        const QRectF glyph(cell.left(), cell.center().y() - side / 2.0 + 0.5, side, side);
        paintIcon(*painter, glyph, warning ? QStringLiteral("warning") : QStringLiteral("error"),
                  theme().color(warning ? Color::Warning : Color::Error));
        cell.adjust(side + m_hub.px(4), 0, 0, 0);
    }
    paintContent(*painter, cell, option, index);
    painter->restore();
}

}  // namespace qat::ui
