// Columns of the layer table.
#include "analyze/layer_model.h"

#include <algorithm>
#include <cmath>

#include "analyze/metric_info.h"
#include "base/text.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {

QString errorKey(int column) {
    switch (column) {
        case LayerTableModel::Mse:
            return QStringLiteral("mse");
        case LayerTableModel::Sqnr:
            return QStringLiteral("sqnr_db");
        case LayerTableModel::Cosine:
            return QStringLiteral("cosine");
        case LayerTableModel::Absolute:
            return QStringLiteral("abs_error");
        case LayerTableModel::Relative:
            return QStringLiteral("rel_error");
        default:
            return {};
    }
}

}  // namespace

void LayerTableModel::setLayers(const std::vector<LayerFacts>& all, int bits, const QString& metric) {
    beginResetModel();
    m_bits = bits;
    m_metric = metric;
    for (int column = Sensitivity; column <= Oscillation; ++column) {
        std::vector<double> values;
        for (const LayerFacts& layer : all) values.push_back(valueOf(layer, column));
        m_forms[static_cast<size_t>(column)] = metricForm(infoOf(column), values);
    }
    m_layers = layersOnly(all);
    m_largest.assign(ColumnCount, 0);
    for (const LayerFacts& layer : m_layers)
        for (int column = 0; column < ColumnCount; ++column)
            if (const double value = std::abs(valueOf(layer, column)); std::isfinite(value))
                m_largest[static_cast<size_t>(column)] = std::max(m_largest[static_cast<size_t>(column)], value);
    endResetModel();
}

int LayerTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_layers.size());
}
int LayerTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(ColumnCount);
}

MetricInfo LayerTableModel::infoOf(int column) const {
    if (column == Sensitivity) return metricInfo(m_metric);
    return metricInfo(column == Oscillation ? QStringLiteral("share") : errorKey(column));
}

// NaN where nothing is known.
double LayerTableModel::valueOf(const LayerFacts& layer, int column) const {
    const bool planned = !layer.plan.name.empty();
    switch (column) {
        case Name:
            return std::nan("");
        case WeightBits:
            return planned ? layer.plan.weightBits : std::nan("");
        case ActivationBits:
            return planned ? layer.plan.activationBits : std::nan("");
        case Sensitivity:
            return layer.sensitivityOf(m_bits, m_metric);
        case Oscillation:
            return layer.oscillation;
        case Parameters:
            return planned ? static_cast<double>(layer.plan.parameters) : std::nan("");
        case Order:
            return static_cast<double>(&layer - m_layers.data());
        default:
            return layer.errorOf(m_bits, errorKey(column));
    }
}

QString LayerTableModel::textOf(const LayerFacts& layer, int column) const {
    const double value = valueOf(layer, column);
    const bool planned = std::isfinite(value);
    switch (column) {
        case Order:
            return QString::number(static_cast<int>(value) + 1);
        case Name:
            return layer.name;
        case WeightBits:
        case ActivationBits:
            return planned ? QString::number(static_cast<int>(value)) : QString(QChar(0x2013));
        case Parameters:
            return planned ? formatCount(layer.plan.parameters) : QString(QChar(0x2013));
        default:
            return metricText(infoOf(column), m_forms[static_cast<size_t>(column)], value);
    }
}

QVariant LayerTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const LayerFacts& layer = m_layers[static_cast<size_t>(index.row())];
    const int column = index.column();
    const bool bits = column == WeightBits || column == ActivationBits;
    switch (role) {
        case Qt::DisplayRole:
            return textOf(layer, column);
        case Qt::ToolTipRole:
            return column == Name && !layer.plan.aliases.empty()
                       ? layer.name + QLatin1Char('\n') + qtext(joinedWords(layer.plan.aliases, "\n"))
                       : QVariant();
        case Qt::AccessibleTextRole:
            return tr("%1, %2 %3")
                .arg(layer.name, headerData(column, Qt::Horizontal, Qt::DisplayRole).toString(), textOf(layer, column));
        case Qt::TextAlignmentRole:
            return int((column == Name ? Qt::AlignLeft : bits ? Qt::AlignHCenter : Qt::AlignRight) | Qt::AlignVCenter);
        case LayerIdRole:
            return layer.id;
        case CodeRole:
            return column == Name;
        case SortRole:
            if (column == Order) return static_cast<int>(valueOf(layer, column));
            return column == Name ? QVariant(layer.name) : QVariant(valueOf(layer, column));
        case BitsRole:
            return bits && std::isfinite(valueOf(layer, column)) ? QVariant(int(valueOf(layer, column))) : QVariant();
        case TokenRole:
            return int(column == Order || column == Parameters ? Color::Text2 : Color::Text);
        case ShareRole: {
            if (column != Sensitivity && column != Oscillation) return {};
            const double largest = m_largest[static_cast<size_t>(column)], value = valueOf(layer, column);
            return std::isfinite(value) && largest > 0 ? std::clamp(value / largest, 0.0, 1.0) : 0.0;
        }
        default:
            return {};
    }
}

QVariant LayerTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole)
        return int((section == Name                                      ? Qt::AlignLeft
                    : section == WeightBits || section == ActivationBits ? Qt::AlignHCenter
                                                                         : Qt::AlignRight) |
                   Qt::AlignVCenter);
    if (role == PlainTitleRole) return titleOf(section);
    if (role != Qt::DisplayRole) return {};
    const QString unit = unitOf(m_forms[static_cast<size_t>(section)]);
    return unit.isEmpty() ? titleOf(section) : titleOf(section) + QLatin1Char(' ') + unit;
}

QString LayerTableModel::titleOf(int column) {
    switch (column) {
        case Order:
            return tr("#");
        case Name:
            return tr("Layer");
        case WeightBits:
            return tr("W");
        case ActivationBits:
            return tr("A");
        case Sensitivity:
            return tr("Sensitivity");
        case Mse:
            return tr("MSE");
        case Sqnr:
            return tr("SQNR, dB");
        case Cosine:
            return tr("Cosine");
        case Absolute:
            return tr("Absolute");
        case Relative:
            return tr("Relative");
        case Oscillation:
            return tr("Oscillation");
        default:
            return tr("Weights");
    }
}

LayerTableFilter::LayerTableFilter(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(SortRole);
}

void LayerTableFilter::setText(const QString& text) {
    m_words = text.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool LayerTableFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    const QString name = sourceModel()->index(row, LayerTableModel::Name, parent).data().toString();
    return std::all_of(m_words.begin(), m_words.end(),
                       [&](const QString& word) { return name.contains(word, Qt::CaseInsensitive); });
}

bool LayerTableFilter::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    if (left.column() == LayerTableModel::Name) return left.data().toString() < right.data().toString();
    const double a = left.data(SortRole).toDouble(), b = right.data(SortRole).toDouble();
    if (std::isnan(a) != std::isnan(b)) return std::isnan(a);
    if (a == b || std::isnan(a)) return left.row() < right.row();
    return a < b;
}

}  // namespace qat::ui
