// A table model made of rows of one type and a list of columns: what a cell says is a function of its row.
#pragma once

#include <QAbstractTableModel>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "widgets/row_table.h"

namespace qat::ui {

// What a cell says to a role; roles by number.
template <class Row>
using TableCell = std::function<QVariant(const Row&)>;
template <class Row>
using TableRoles = std::map<int, TableCell<Row>>;

template <class Row>
struct TableColumn {
    TableColumn(QString columnTitle = {}, Qt::Alignment horizontal = {}, TableCell<Row> shown = nullptr,
                TableCell<Row> sorted = nullptr, TableRoles<Row> others = {},
                std::optional<Qt::Alignment> ofTitle = std::nullopt)
        : title(std::move(columnTitle)),
          align(horizontal),
          text(std::move(shown)),
          sort(std::move(sorted)),
          roles(std::move(others)),
          titleAlign(ofTitle) {}

    QString title;
    Qt::Alignment align;                      // horizontal, of cells and title; none = as the view has it
    TableCell<Row> text;                      // what is shown; none = nothing
    TableCell<Row> sort;                      // SortRole
    TableRoles<Row> roles;                    // what else is asked of this column alone
    std::optional<Qt::Alignment> titleAlign;  // where the title's is another
};

template <class Row>
class ColumnTable : public QAbstractTableModel {
public:
    using Cell = TableCell<Row>;
    using Roles = TableRoles<Row>;

    // rowRoles: answered alike in every column that has no such role itself.
    ColumnTable(std::vector<TableColumn<Row>> columns, Roles rowRoles, QObject* parent)
        : QAbstractTableModel(parent), m_columns(std::move(columns)), m_rowRoles(std::move(rowRoles)) {}

    const std::vector<Row>& rows() const { return m_rows; }
    int rowCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
    }
    int columnCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
    }

    QVariant data(const QModelIndex& index, int role) const override {
        if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) return {};
        const Row& row = m_rows[static_cast<size_t>(index.row())];
        const TableColumn<Row>& column = m_columns[static_cast<size_t>(index.column())];
        if (role == Qt::DisplayRole) return column.text ? column.text(row) : QVariant();
        if (role == SortRole) return column.sort ? column.sort(row) : QVariant();
        if (role == Qt::TextAlignmentRole) return aligned(column.align);
        if (const auto own = column.roles.find(role); own != column.roles.end()) return own->second(row);
        const auto common = m_rowRoles.find(role);
        return common != m_rowRoles.end() ? common->second(row) : QVariant();
    }

    QVariant headerData(int section, Qt::Orientation orientation, int role) const override {
        if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
        const TableColumn<Row>& column = m_columns[static_cast<size_t>(section)];
        if (role == Qt::TextAlignmentRole) return aligned(column.titleAlign.value_or(column.align));
        if (role == PlainTitleRole) return column.title;
        return role == Qt::DisplayRole ? QVariant(title(section)) : QVariant();
    }

protected:
    // Of a column as it is shown; may have the unit of its numbers.
    virtual QString title(int column) const { return m_columns[static_cast<size_t>(column)].title; }

    // Other rows: selection and scroll position are lost.
    void setRows(std::vector<Row> rows) {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
    }
    // The same rows, as many, with other cells.
    void updateRows(std::vector<Row> rows) {
        m_rows = std::move(rows);
        cellsChanged();
    }
    void cellsChanged(const QList<int>& roles = {}) {
        if (!m_rows.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1), roles);
    }

private:
    static QVariant aligned(Qt::Alignment align) {
        return align ? QVariant(int(align | Qt::AlignVCenter)) : QVariant();
    }

    std::vector<TableColumn<Row>> m_columns;
    Roles m_rowRoles;
    std::vector<Row> m_rows;
};

}  // namespace qat::ui
