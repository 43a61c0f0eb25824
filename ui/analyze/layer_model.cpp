// Columns of the layer table.
#include "analyze/layer_model.h"

#include <QCoreApplication>
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

QString titleOf(int column) {
    static const char* const titles[LayerTableModel::ColumnCount] = {
        QT_TRANSLATE_NOOP("LayerTableModel", "#"),           QT_TRANSLATE_NOOP("LayerTableModel", "Layer"),
        QT_TRANSLATE_NOOP("LayerTableModel", "W"),           QT_TRANSLATE_NOOP("LayerTableModel", "A"),
        QT_TRANSLATE_NOOP("LayerTableModel", "Sensitivity"), QT_TRANSLATE_NOOP("LayerTableModel", "MSE"),
        QT_TRANSLATE_NOOP("LayerTableModel", "SQNR, dB"),    QT_TRANSLATE_NOOP("LayerTableModel", "Cosine"),
        QT_TRANSLATE_NOOP("LayerTableModel", "Absolute"),    QT_TRANSLATE_NOOP("LayerTableModel", "Relative"),
        QT_TRANSLATE_NOOP("LayerTableModel", "Oscillation"), QT_TRANSLATE_NOOP("LayerTableModel", "Weights")};
    return QCoreApplication::translate("LayerTableModel", titles[column]);
}

bool showsBits(int column) {
    return column == LayerTableModel::WeightBits || column == LayerTableModel::ActivationBits;
}

bool hasBars(int column) {
    return column == LayerTableModel::Sensitivity || column == LayerTableModel::Oscillation;
}

QVariant namesOf(const LayerFacts& layer) {
    if (layer.plan.aliases.empty()) return {};
    return layer.name + QLatin1Char('\n') + qtext(joinedWords(layer.plan.aliases, "\n"));
}

}  // namespace

LayerTableModel::LayerTableModel(QObject* parent)
    : ColumnTable(makeColumns(), {{LayerIdRole, [](const LayerFacts& layer) { return layer.id; }}}, parent) {}

std::vector<TableColumn<LayerFacts>> LayerTableModel::makeColumns() {
    std::vector<TableColumn<LayerFacts>> columns;
    for (int column = 0; column < ColumnCount; ++column) columns.push_back(makeColumn(static_cast<Column>(column)));
    return columns;
}

TableColumn<LayerFacts> LayerTableModel::makeColumn(Column column) {
    TableColumn<LayerFacts> made;
    made.title = titleOf(column);
    made.align = column == Name ? Qt::AlignLeft : showsBits(column) ? Qt::AlignHCenter : Qt::AlignRight;
    made.text = [this, column](const LayerFacts& layer) { return textOf(layer, column); };
    made.sort = [this, column](const LayerFacts& layer) { return sortValueOf(layer, column); };
    made.roles[Qt::AccessibleTextRole] = [this, column](const LayerFacts& layer) {
        return tr("%1, %2 %3").arg(layer.name, title(column), textOf(layer, column));
    };
    const Color ink = column == Order || column == Parameters ? Color::Text2 : Color::Text;
    made.roles[TokenRole] = [ink](const LayerFacts&) { return int(ink); };
    if (column == Name) {
        made.roles[CodeRole] = [](const LayerFacts&) { return true; };
        made.roles[Qt::ToolTipRole] = namesOf;
    }
    if (showsBits(column))
        made.roles[BitsRole] = [this, column](const LayerFacts& layer) {
            const double bits = valueOf(layer, column);
            return std::isfinite(bits) ? QVariant(int(bits)) : QVariant();
        };
    if (hasBars(column))
        made.roles[ShareRole] = [this, column](const LayerFacts& layer) { return shareOf(layer, column); };
    return made;
}

void LayerTableModel::setLayers(const std::vector<LayerFacts>& all, int bits, const QString& metric) {
    m_bits = bits;
    m_metric = metric;
    for (int column = Sensitivity; column <= Oscillation; ++column) {
        std::vector<double> values;
        for (const LayerFacts& layer : all) values.push_back(valueOf(layer, column));
        m_forms[static_cast<size_t>(column)] = metricForm(infoOf(column), values);
    }
    std::vector<LayerFacts> layers = layersOnly(all);
    m_largest.fill(0);
    for (const LayerFacts& layer : layers)
        for (const int column : {Sensitivity, Oscillation})
            if (const double value = std::abs(valueOf(layer, column)); std::isfinite(value))
                m_largest[static_cast<size_t>(column)] = std::max(m_largest[static_cast<size_t>(column)], value);
    setRows(std::move(layers));
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
            return static_cast<double>(&layer - rows().data());
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

QVariant LayerTableModel::sortValueOf(const LayerFacts& layer, int column) const {
    if (column == Order) return static_cast<int>(valueOf(layer, column));
    return column == Name ? QVariant(layer.name) : QVariant(valueOf(layer, column));
}

double LayerTableModel::shareOf(const LayerFacts& layer, int column) const {
    const double largest = m_largest[static_cast<size_t>(column)], value = valueOf(layer, column);
    return std::isfinite(value) && largest > 0 ? std::clamp(value / largest, 0.0, 1.0) : 0.0;
}

QString LayerTableModel::title(int column) const {
    const QString unit = unitOf(m_forms[static_cast<size_t>(column)]);
    return unit.isEmpty() ? titleOf(column) : titleOf(column) + QLatin1Char(' ') + unit;
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
