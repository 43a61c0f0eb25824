// Cells of the layer table and its filter words.
#include "configure/plan_model.h"

#include <algorithm>
#include <set>

#include "widgets/format.h"

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

// Where the widths are from, and why policies of branches ask for what they do.
QString originAndReasons(const LayerInfo& layer) {
    QStringList lines{origin(layer)};
    for (const PolicyInfo& policy : layer.policies)
        lines << PlanModel::tr("%1 policy: %2.")
                     .arg(QString::fromStdString(policy.name), QString::fromStdString(policy.reason));
    return lines.join(QLatin1Char('\n'));
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

QString spoken(const LayerInfo& layer) {
    return PlanModel::tr("%1, weights %2 bit, activations %3 bit, set by %4")
        .arg(QString::fromStdString(layer.name))
        .arg(layer.weightBits)
        .arg(layer.activationBits)
        .arg(origin(layer));
}

QString namesOf(const LayerInfo& layer) {
    QStringList names{QString::fromStdString(layer.name)};
    for (const std::string& alias : layer.aliases) names.append(QString::fromStdString(alias));
    return names.join(QLatin1Char('\n'));
}

using PlanColumn = TableColumn<PlanRow>;
using PlanCell = PlanModel::Cell;

PlanCell inked(Color ink) {
    return [ink](const PlanRow&) { return int(ink); };
}

// Sorted, explained and spoken as it is shown.
PlanColumn textColumn(const QString& title, const PlanCell& text, Color ink) {
    return {title,
            Qt::AlignLeft,
            text,
            text,
            {{TokenRole, inked(ink)}, {Qt::ToolTipRole, text}, {Qt::AccessibleTextRole, text}}};
}

PlanColumn numberColumn() {
    PlanColumn column = textColumn(
        PlanModel::tr("#"), [](const PlanRow& row) { return QString::number(row.number + 1); }, Color::Text3);
    column.sort = [](const PlanRow& row) { return row.number; };
    return column;
}

PlanColumn nameColumn() {
    PlanColumn column = textColumn(
        PlanModel::tr("Layer"), [](const PlanRow& row) { return QString::fromStdString(row.layer->name); },
        Color::Text);
    column.sort = [](const PlanRow& row) { return row.number; };  // execution order
    column.roles[CodeRole] = [](const PlanRow&) { return true; };
    column.roles[Qt::ToolTipRole] = [](const PlanRow& row) { return namesOf(*row.layer); };
    column.roles[Qt::AccessibleTextRole] = [](const PlanRow& row) { return spoken(*row.layer); };
    return column;
}

PlanColumn weightsColumn() {
    PlanColumn column = textColumn(
        PlanModel::tr("Weights"), [](const PlanRow& row) { return formatCount(weightCount(*row.layer)); },
        Color::Text2);
    column.align = Qt::AlignRight;
    column.sort = [](const PlanRow& row) { return static_cast<qlonglong>(weightCount(*row.layer)); };
    return column;
}

// Float sorts as 32 bits.
PlanColumn bitsColumn(const QString& title, int LayerInfo::*width) {
    PlanColumn column = textColumn(
        title,
        [width](const PlanRow& row) {
            const int bits = row.layer->*width;
            return bits > 0 ? QString::number(bits) : PlanModel::tr("float");
        },
        Color::Text2);
    column.titleAlign = Qt::AlignHCenter;
    column.sort = [width](const PlanRow& row) { return row.layer->*width > 0 ? row.layer->*width : 32; };
    column.roles[BitsRole] = [width](const PlanRow& row) { return row.layer->*width; };
    return column;
}

PlanColumn originColumn() {
    PlanColumn column = textColumn(
        PlanModel::tr("Set by"), [](const PlanRow& row) { return origin(*row.layer); }, Color::Text);
    column.roles[TokenRole] = [](const PlanRow& row) {
        return int(origin(*row.layer) == QLatin1String("default") ? Color::Text3 : Color::Text);
    };
    column.roles[Qt::ToolTipRole] = [](const PlanRow& row) { return originAndReasons(*row.layer); };
    return column;
}

// In the order of PlanModel::Column.
std::vector<PlanColumn> planColumns() {
    return {numberColumn(),
            nameColumn(),
            textColumn(
                PlanModel::tr("Kernel"), [](const PlanRow& row) { return kernel(*row.layer); }, Color::Text2),
            weightsColumn(),
            bitsColumn(PlanModel::tr("W"), &LayerInfo::weightBits),
            bitsColumn(PlanModel::tr("A"), &LayerInfo::activationBits),
            textColumn(
                PlanModel::tr("Observer"),
                [](const PlanRow& row) { return QString::fromStdString(row.layer->observer); }, Color::Text2),
            originColumn()};
}

bool sameLayers(const ModelDescription& a, const ModelDescription& b) {
    return std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), b.layers.end(),
                      [](const LayerInfo& x, const LayerInfo& y) { return x.name == y.name; });
}

}  // namespace

PlanModel::PlanModel(SelectionHub* hub, QObject* parent) : ColumnTable(planColumns(), makeRoles(), parent), m_hub(hub) {
    connect(hub, &SelectionHub::changed, this, [this](SelectionHub::Parts parts) {
        if (parts & SelectionHub::Selected) findRelated();
    });
}

PlanModel::Roles PlanModel::makeRoles() const {
    return {{LayerIdRole, [](const PlanRow& row) { return row.id; }},
            {RelatedRole, [this](const PlanRow& row) { return m_related.contains(row.number); }}};
}

void PlanModel::setDescription(std::shared_ptr<const ModelDescription> model) {
    std::vector<PlanRow> rows;
    if (model)
        for (const LayerInfo& layer : model->layers)
            rows.push_back({&layer, static_cast<int>(rows.size()), m_hub->idOf(QString::fromStdString(layer.name))});
    // The same layers with another plan: rows, selection and scroll position stay.
    if (model && m_model && sameLayers(*model, *m_model)) {
        updateRows(std::move(rows));
        m_model = std::move(model);
        return findRelated();
    }
    m_related.clear();
    setRows(std::move(rows));
    m_model = std::move(model);
}

const LayerInfo* PlanModel::layer(int row) const {
    return row >= 0 && row < rowCount() ? rows()[static_cast<size_t>(row)].layer : nullptr;
}

LayerId PlanModel::idAt(int row) const {
    return row >= 0 && row < rowCount() ? rows()[static_cast<size_t>(row)].id : kNoLayer;
}

void PlanModel::findRelated() {
    const QSet<LayerId>& chosen = m_hub->selected();
    std::set<std::string> groups;
    for (const PlanRow& row : rows())
        if (chosen.contains(row.id) && !row.layer->scaleGroup.empty()) groups.insert(row.layer->scaleGroup);
    QSet<int> related;
    for (const PlanRow& row : rows())
        if (!chosen.contains(row.id) && groups.contains(row.layer->scaleGroup)) related.insert(row.number);
    if (related == m_related) return;
    m_related = related;
    cellsChanged({RelatedRole});
}

PlanFilter::PlanFilter(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(SortRole);
}

void PlanFilter::setWords(const QString& words) {
    QString spaced = words;
    m_words = spaced.replace(QLatin1Char(','), QLatin1Char(' ')).split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool PlanFilter::filterAcceptsRow(int row, const QModelIndex&) const {
    const LayerInfo* layer = layers()->layer(row);
    return layer && std::all_of(m_words.begin(), m_words.end(),
                                [layer](const QString& word) { return wordHolds(*layer, word); });
}

}  // namespace qat::ui
