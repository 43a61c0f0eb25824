// The layers of a run as a table, and the text filter over it.
#pragma once

#include <QSortFilterProxyModel>
#include <array>
#include <vector>

#include "analyze/layer_facts.h"
#include "analyze/metric_info.h"
#include "widgets/column_table.h"

namespace qat::ui {

class LayerTableModel : public ColumnTable<LayerFacts> {
    Q_OBJECT
public:
    enum Column {
        Order,
        Name,
        WeightBits,
        ActivationBits,
        Sensitivity,
        Mse,
        Sqnr,
        Cosine,
        Absolute,
        Relative,
        Oscillation,
        Parameters,
        ColumnCount
    };

    explicit LayerTableModel(QObject* parent = nullptr);
    // bits and metric choose the sensitivity column; the error columns show the same bits. The outputs among `all` have
    // no row, but count for the digits, which are those of the bars.
    void setLayers(const std::vector<LayerFacts>& all, int bits, const QString& metric);

protected:
    QString title(int column) const override;

private:
    std::vector<TableColumn<LayerFacts>> makeColumns();
    TableColumn<LayerFacts> makeColumn(Column column);
    double valueOf(const LayerFacts& layer, int column) const;
    QVariant sortValueOf(const LayerFacts& layer, int column) const;
    QString textOf(const LayerFacts& layer, int column) const;
    double shareOf(const LayerFacts& layer, int column) const;
    MetricInfo infoOf(int column) const;

    std::array<double, ColumnCount> m_largest{};  // of each column that has bars
    std::array<NumberForm, ColumnCount> m_forms{};
    QString m_metric;
    int m_bits = 4;
};

// Every word of the filter must occur in the name; sorting is by raw value, then execution order.
class LayerTableFilter : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit LayerTableFilter(QObject* parent = nullptr);
    void setText(const QString& text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    QStringList m_words;
};

}  // namespace qat::ui
