// Cells of the layer table and its filter words.
#include "configure/layer_model.h"

#include <algorithm>

#include "widgets/format.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {

int64_t weightCount(const LayerInfo& layer) {
    int64_t count = layer.weightShape.empty() ? 0 : 1;
    for (const int64_t size : layer.weightShape) count *= size;
    return count;
}

QString kernel(const LayerInfo& layer) {
    const auto& shape = layer.weightShape;
    if (shape.size() < 2) return QString::fromStdString(layer.op);
    const QString channels = QStringLiteral("%1→%2").arg(shape[1]).arg(shape[0]);
    return shape.size() < 4 ? channels : QStringLiteral("%1×%2, ").arg(shape[2]).arg(shape[3]) + channels;
}

QString origin(const LayerInfo& layer) {
    if (layer.weightOrigin == layer.activationOrigin || layer.activationOrigin.empty())
        return QString::fromStdString(layer.weightOrigin);
    if (layer.weightOrigin == "default") return QStringLiteral("A: ") + QString::fromStdString(layer.activationOrigin);
    if (layer.activationOrigin == "default") return QStringLiteral("W: ") + QString::fromStdString(layer.weightOrigin);
    return QString::fromStdString(layer.weightOrigin) + QStringLiteral("; A: ") +
           QString::fromStdString(layer.activationOrigin);
}

bool wordHolds(const LayerInfo& layer, const QString& word) {
    const QString value = word.section(QLatin1Char(':'), 1);
    if (word.startsWith(QLatin1String("w:")) || word.startsWith(QLatin1String("bits:")))
        return QString::number(layer.weightBits) == value;
    if (word.startsWith(QLatin1String("a:"))) return QString::number(layer.activationBits) == value;
    if (word.startsWith(QLatin1String("op:")))
        return QString::fromStdString(layer.op).contains(value, Qt::CaseInsensitive);
    if (word.startsWith(QLatin1String("set:"))) return origin(layer).contains(value, Qt::CaseInsensitive);
    if (word.startsWith(QLatin1String("group:"))) return !layer.scaleGroup.empty();
    if (QString::fromStdString(layer.name).contains(word, Qt::CaseInsensitive)) return true;
    for (const std::string& alias : layer.aliases)
        if (QString::fromStdString(alias).contains(word, Qt::CaseInsensitive)) return true;
    return false;
}

}  // namespace

LayerModel::LayerModel(SelectionHub* hub, QObject* parent) : QAbstractTableModel(parent), m_hub(hub) {
    connect(hub, &SelectionHub::changed, this, [this](SelectionHub::Parts parts) {
        if (parts & SelectionHub::Selected) findRelated();
    });
}

void LayerModel::setDescription(std::shared_ptr<const ModelDescription> model) {
    const auto sameLayers = [&] {
        if (!model || !m_model || model->layers.size() != m_model->layers.size()) return false;
        for (size_t i = 0; i < model->layers.size(); ++i)
            if (model->layers[i].name != m_model->layers[i].name) return false;
        return true;
    };
    // The same layers with another plan: rows, selection and scroll position stay.
    if (sameLayers()) {
        m_model = std::move(model);
        findRelated();
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, kColumns - 1));
        return;
    }
    beginResetModel();
    m_model = std::move(model);
    m_ids.clear();
    m_related.clear();
    if (m_model)
        for (const LayerInfo& layer : m_model->layers) m_ids.append(m_hub->idOf(QString::fromStdString(layer.name)));
    endResetModel();
}

const LayerInfo* LayerModel::layer(int row) const {
    return m_model && row >= 0 && row < rowCount() ? &m_model->layers[static_cast<size_t>(row)] : nullptr;
}

LayerId LayerModel::idAt(int row) const {
    return m_ids.value(row, kNoLayer);
}

void LayerModel::findRelated() {
    QSet<QString> groups;
    for (int row = 0; row < rowCount(); ++row)
        if (m_hub->selected().contains(m_ids[row]) && !layer(row)->scaleGroup.empty())
            groups.insert(QString::fromStdString(layer(row)->scaleGroup));
    QSet<int> related;
    for (int row = 0; row < rowCount() && !groups.isEmpty(); ++row)
        if (!m_hub->selected().contains(m_ids[row]) && groups.contains(QString::fromStdString(layer(row)->scaleGroup)))
            related.insert(row);
    if (related == m_related) return;
    m_related = related;
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, kColumns - 1), {RelatedRole});
}

int LayerModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !m_model ? 0 : static_cast<int>(m_model->layers.size());
}

int LayerModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : kColumns;
}

QVariant LayerModel::shown(const LayerInfo& layer, int row, int column) const {
    const auto bits = [](int width) { return width > 0 ? QString::number(width) : tr("float"); };
    switch (column) {
        case kNumber:
            return QString::number(row + 1);
        case kName:
            return QString::fromStdString(layer.name);
        case kKernel:
            return kernel(layer);
        case kWeights:
            return formatCount(weightCount(layer));
        case kWeightBits:
            return bits(layer.weightBits);
        case kActivationBits:
            return bits(layer.activationBits);
        case kObserver:
            return QString::fromStdString(layer.observer);
        case kSetBy:
            return origin(layer);
        default:
            return {};
    }
}

QVariant LayerModel::sortValue(const LayerInfo& layer, int row, int column) const {
    switch (column) {
        case kNumber:
        case kName:
            return row;  // execution order
        case kWeights:
            return static_cast<qlonglong>(weightCount(layer));
        case kWeightBits:
            return layer.weightBits > 0 ? layer.weightBits : 32;
        case kActivationBits:
            return layer.activationBits > 0 ? layer.activationBits : 32;
        default:
            return shown(layer, row, column);
    }
}

QString LayerModel::spoken(const LayerInfo& layer) const {
    return tr("%1, weights %2 bit, activations %3 bit, set by %4")
        .arg(QString::fromStdString(layer.name))
        .arg(layer.weightBits)
        .arg(layer.activationBits)
        .arg(origin(layer));
}

QVariant LayerModel::data(const QModelIndex& index, int role) const {
    const LayerInfo* layer = this->layer(index.row());
    if (!layer || index.column() >= kColumns) return {};
    const int column = index.column();
    switch (role) {
        case Qt::DisplayRole:
            return shown(*layer, index.row(), column);
        case SortRole:
            return sortValue(*layer, index.row(), column);
        case LayerIdRole:
            return m_ids[index.row()];
        case RelatedRole:
            return m_related.contains(index.row());
        case CodeRole:
            return column == kName;
        case BitsRole:
            if (column == kWeightBits) return layer->weightBits;
            return column == kActivationBits ? QVariant(layer->activationBits) : QVariant();
        case TokenRole: {
            const bool plain = column == kNumber || (column == kSetBy && origin(*layer) == QLatin1String("default"));
            return static_cast<int>(plain                                 ? Color::Text3
                                    : column == kName || column == kSetBy ? Color::Text
                                                                          : Color::Text2);
        }
        case Qt::TextAlignmentRole:
            return static_cast<int>((column == kWeights ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        case Qt::ToolTipRole:
            if (column == kName) {
                QStringList names{QString::fromStdString(layer->name)};
                for (const std::string& alias : layer->aliases) names.append(QString::fromStdString(alias));
                return names.join(QLatin1Char('\n'));
            }
            return shown(*layer, index.row(), column);
        case Qt::AccessibleTextRole:
            return column == kName ? QVariant(spoken(*layer)) : shown(*layer, index.row(), column);
        default:
            return {};
    }
}

QVariant LayerModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= kColumns) return {};
    if (role == Qt::TextAlignmentRole) {
        if (section == kWeights) return int(Qt::AlignRight | Qt::AlignVCenter);
        return int((section == kWeightBits || section == kActivationBits ? Qt::AlignHCenter : Qt::AlignLeft) |
                   Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole) return {};
    static const char* const names[] = {"#", QT_TR_NOOP("Layer"),    QT_TR_NOOP("Kernel"), QT_TR_NOOP("Weights"), "W",
                                        "A", QT_TR_NOOP("Observer"), QT_TR_NOOP("Set by")};
    return tr(names[section]);
}

LayerFilter::LayerFilter(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(SortRole);
}

void LayerFilter::setWords(const QString& words) {
    QString spaced = words;
    m_words = spaced.replace(QLatin1Char(','), QLatin1Char(' ')).split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool LayerFilter::filterAcceptsRow(int row, const QModelIndex&) const {
    const LayerInfo* layer = layers()->layer(row);
    return layer && std::all_of(m_words.begin(), m_words.end(),
                                [layer](const QString& word) { return wordHolds(*layer, word); });
}

}  // namespace qat::ui
