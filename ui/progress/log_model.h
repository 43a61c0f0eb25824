// The run's log as a table, and the filter over it.
#pragma once

#include <QAbstractTableModel>
#include <QRegularExpression>
#include <QSortFilterProxyModel>

#include "feed/run_store.h"
#include "widgets/row_table.h"

namespace qat::ui {

class LogModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Time, Level, Source, Text, ColumnCount };
    static constexpr int SeverityRole = Qt::UserRole + 40;  // int(LogLevel)

    explicit LogModel(const RunStore* store, QObject* parent = nullptr);
    // Takes in what the store got since the last call: rows are added and the oldest removed, never a reset.
    void update();
    // Starts over with whatever the store holds.
    void reset();
    int countOf(LogLevel severity) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    const LogLine* lineAt(int row) const;

    const RunStore* m_store;
    qint64 m_first = 0;  // number of the first row's line since the run began
    int m_rows = 0;
};

class LogFilter : public QSortFilterProxyModel {
    Q_OBJECT
public:
    using QSortFilterProxyModel::QSortFilterProxyModel;
    void setLeast(LogLevel least);
    // A regular expression; one that is not valid is searched for as plain text. Empty = all.
    void setText(const QString& text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    LogLevel m_least = LogLevel::Info;
    QRegularExpression m_pattern;
};

// Warnings and errors on a soft fill, with a glyph.
class LogDelegate : public RowDelegate {
    Q_OBJECT
public:
    using RowDelegate::RowDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace qat::ui
