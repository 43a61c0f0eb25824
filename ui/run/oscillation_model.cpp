// Collects the oscillation table of a run by layer.
#include "run/oscillation_model.h"

#include <QPainter>
#include <algorithm>
#include <cmath>
#include <map>

#include "style/theme_hub.h"
#include "widgets/format.h"

namespace qat::ui {

OscillationModel::OscillationModel(SelectionHub* selection, QObject* parent)
    : QAbstractTableModel(parent), m_selection(selection) {}

void OscillationModel::showRun(const RunData& data, int count) {
    std::map<std::string, std::map<int, double>> byLayer;  // layer -> epoch -> share
    for (const auto& [key, metrics] : data.layerRows)
        if (key.table == tables::kOscillation) byLayer[key.layer][key.epoch] = metrics.value("share");
    std::vector<Row> rows;
    for (const auto& [name, epochs] : byLayer) {
        Row row{m_selection->idOf(qtext(name)), qtext(name), {}, std::prev(epochs.end())->second};
        for (const auto& [epoch, share] : epochs) row.history << share;
        if (std::isfinite(row.share)) rows.push_back(std::move(row));
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.share > b.share; });
    if (rows.size() > static_cast<size_t>(count)) rows.resize(static_cast<size_t>(count));
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

int OscillationModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int OscillationModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant OscillationModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const Row& row = m_rows[static_cast<size_t>(index.row())];
    if (role == LayerIdRole) return row.layer;
    if (role == HistoryRole) return row.history;
    if (role == CodeRole) return index.column() == Layer;
    if (role == SortRole && index.column() == Share) return row.share;
    if (role == Qt::ToolTipRole || role == Qt::AccessibleTextRole)
        return tr("%1: %2 of the weights oscillate").arg(row.name, formatPercent(row.share));
    if (role == Qt::TextAlignmentRole && index.column() == Share) return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole && role != SortRole) return {};
    if (index.column() == Layer) return row.name;
    return index.column() == Share ? QVariant(formatPercent(row.share)) : QVariant();
}

QVariant OscillationModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    return section == Layer ? tr("Layer") : section == History ? tr("History") : tr("Oscillating weights");
}

void SparkDelegate::paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem&,
                                 const QModelIndex& index) const {
    const QVariantList history = index.data(OscillationModel::HistoryRole).toList();
    double top = 0;
    for (const QVariant& value : history)
        if (std::isfinite(value.toDouble())) top = std::max(top, value.toDouble());
    if (history.size() < 2 || top <= 0) return;
    const QRectF area = QRectF(cell).adjusted(0, m_hub.px(6), -m_hub.px(2), -m_hub.px(6));
    QPolygonF line;
    for (qsizetype i = 0; i < history.size(); ++i)
        if (const double value = history[i].toDouble(); std::isfinite(value))
            line << QPointF(
                area.left() + area.width() * static_cast<double>(i) / static_cast<double>(history.size() - 1),
                area.bottom() - area.height() * value / top);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme().color(Color::Quant), 1.4));
    painter.drawPolyline(line);
}

}  // namespace qat::ui
