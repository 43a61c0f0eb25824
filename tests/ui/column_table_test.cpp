// The table model that lists its columns: what cells and titles say, and what stays when only cells change.
#include "widgets/column_table.h"

#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QSignalSpy>

namespace qat::ui {
namespace {

struct Fruit {
    QString name;
    int weight;  // g
};

class FruitTable : public ColumnTable<Fruit> {
public:
    FruitTable()
        : ColumnTable({{QStringLiteral("Name"),
                        {},
                        [](const Fruit& row) { return row.name; },
                        nullptr,
                        {{CodeRole, [](const Fruit&) { return true; }}}},
                       {QStringLiteral("Weight"),
                        Qt::AlignRight,
                        [](const Fruit& row) { return QStringLiteral("%1 g").arg(row.weight); },
                        [](const Fruit& row) { return row.weight; },
                        {{Qt::ToolTipRole, [](const Fruit&) { return QStringLiteral("on the scales"); }}},
                        Qt::AlignHCenter}},
                      {{Qt::ToolTipRole, [](const Fruit& row) { return row.name; }}}, nullptr) {}
    using ColumnTable::setRows;
    using ColumnTable::updateRows;

protected:
    QString title(int column) const override { return ColumnTable::title(column) + QStringLiteral("!"); }
};

TEST(ColumnTable, CellsAndTitlesComeFromTheColumns) {
    FruitTable table;
    const QAbstractItemModelTester tester(&table);
    EXPECT_EQ(table.rowCount(), 0);
    EXPECT_EQ(table.columnCount(), 2);
    table.setRows({{QStringLiteral("pear"), 200}, {QStringLiteral("plum"), 30}});
    EXPECT_EQ(table.index(1, 0).data(), QStringLiteral("plum"));
    EXPECT_EQ(table.index(1, 1).data(), QStringLiteral("30 g"));
    EXPECT_EQ(table.index(1, 1).data(SortRole), 30);
    EXPECT_FALSE(table.index(1, 0).data(SortRole).isValid());
    EXPECT_TRUE(table.index(0, 0).data(CodeRole).toBool());
    EXPECT_FALSE(table.index(0, 1).data(CodeRole).isValid()) << "a role of the other column";
    EXPECT_EQ(table.index(0, 0).data(Qt::ToolTipRole), QStringLiteral("pear")) << "a role of the row";
    EXPECT_EQ(table.index(0, 1).data(Qt::ToolTipRole), QStringLiteral("on the scales")) << "the column's goes first";
    EXPECT_FALSE(table.index(0, 0).data(Qt::TextAlignmentRole).isValid());
    EXPECT_EQ(table.index(0, 1).data(Qt::TextAlignmentRole).toInt(), int(Qt::AlignRight | Qt::AlignVCenter));
    const auto title = [&](int role) { return table.headerData(1, Qt::Horizontal, role); };
    EXPECT_EQ(title(Qt::DisplayRole), QStringLiteral("Weight!"));
    EXPECT_EQ(title(PlainTitleRole), QStringLiteral("Weight"));
    EXPECT_EQ(title(Qt::TextAlignmentRole).toInt(), int(Qt::AlignHCenter | Qt::AlignVCenter));
    EXPECT_FALSE(table.headerData(2, Qt::Horizontal, Qt::DisplayRole).isValid());
}

TEST(ColumnTable, ChangedCellsAreNoReset) {
    FruitTable table;
    table.setRows({{QStringLiteral("pear"), 200}});
    const QPersistentModelIndex pear = table.index(0, 1);
    QSignalSpy changed(&table, &QAbstractItemModel::dataChanged), reset(&table, &QAbstractItemModel::modelReset);
    table.updateRows({{QStringLiteral("pear"), 180}});
    EXPECT_EQ(changed.count(), 1);
    EXPECT_EQ(reset.count(), 0);
    EXPECT_EQ(pear.data(), QStringLiteral("180 g"));
}

}  // namespace
}  // namespace qat::ui
