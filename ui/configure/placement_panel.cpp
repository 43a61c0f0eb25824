// Fills the two tables and passes choices on.
#include "configure/placement_panel.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QPainter>
#include <QScopedValueRollback>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include "configure/placement_check.h"
#include "document/selection_hub.h"
#include "style/theme_hub.h"
#include "widgets/cell_delegate.h"
#include "widgets/empty_state.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr int kRuntimesRole = Qt::UserRole + 80;

enum RuleColumn { kCost, kRule, kRuntimes, kPlaces, kRuleColumns };

// One chip a runtime.
class RuntimesDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem&,
                      const QModelIndex& index) const override {
        QRectF rest = cell;
        for (const QString& runtime : index.data(kRuntimesRole).toStringList()) {
            if (rest.width() < m_hub.px(24)) return;
            rest.setLeft(paintChip(painter, rest, {runtime, ChipKind::Neutral, {}}, theme()).right() + m_hub.px(4));
        }
    }
};

QStandardItem* costItem(PlacementCost cost) {
    const Chip chip = costChip(cost);
    auto* item = new QStandardItem(chip.text);
    item->setData(static_cast<int>(chip.kind), ChipKindRole);
    item->setData(chip.icon, ChipIconRole);
    return item;
}

QList<QStandardItem*> ruleRow(const PlacementRule& rule) {
    auto* name = new QStandardItem(rule.name);
    name->setToolTip(rule.sentence);
    auto* runtimes = new QStandardItem(rule.runtimes.join(QStringLiteral(", ")));
    runtimes->setData(rule.runtimes, kRuntimesRole);
    runtimes->setToolTip(runtimes->text());
    auto* places = new QStandardItem(QString::number(rule.places.size()));
    places->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    return {costItem(rule.cost), name, runtimes, places};
}

QList<QStandardItem*> placeRow(const QString& place, const QStringList& layers) {
    auto* name = new QStandardItem(place);
    name->setData(true, CodeRole);
    name->setToolTip(place);
    const bool isLayer = layers.size() == 1 && layers.first() == place;
    auto* at = new QStandardItem(isLayer              ? QString()
                                 : layers.size() == 1 ? layers.first()
                                                      : PlacementPanel::tr("%1 layers").arg(layers.size()));
    at->setData(layers.size() == 1, CodeRole);
    at->setData(static_cast<int>(Color::Text2), TokenRole);
    at->setToolTip(layers.join(QLatin1Char('\n')));
    return {name, at};
}

}  // namespace

PlacementPanel::PlacementPanel(const ThemeHub& hub, SelectionHub* selection, PlacementCheck* check, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_selection(selection),
      m_check(check),
      m_stack(new QStackedWidget(this)),
      m_empty(new EmptyState(hub, {}, m_stack)),
      m_ruleItems(new QStandardItemModel(0, kRuleColumns, this)),
      m_placeItems(new QStandardItemModel(0, 2, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_stack);
    auto* tables = new QWidget(m_stack);
    auto* row = new QHBoxLayout(tables);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(makeRules(), 11);
    row->addWidget(new Hairline(hub, Qt::Vertical, tables));
    row->addWidget(makePlaces(), 9);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(tables);
    connect(check, &PlacementCheck::changed, this, &PlacementPanel::refresh);
    refresh();
}

QWidget* PlacementPanel::makeRules() {
    m_ruleItems->setHorizontalHeaderLabels({tr("Cost"), tr("Rule"), tr("Runtime"), tr("Places")});
    m_ruleTable = new RowTable(m_hub, m_stack);
    m_ruleTable->setModel(m_ruleItems);
    m_ruleTable->setSelectionMode(QAbstractItemView::SingleSelection);
    m_ruleTable->setAccessibleName(tr("Placement rules"));
    m_ruleTable->setItemDelegateForColumn(kCost, new CellDelegate(m_hub, CellLook::Chip, m_ruleTable));
    m_ruleTable->setItemDelegateForColumn(kRuntimes, new RuntimesDelegate(m_hub, m_ruleTable));
    QHeaderView* header = m_ruleTable->horizontalHeader();
    header->resizeSection(kCost, m_hub.px(88));
    header->resizeSection(kRule, m_hub.px(116));
    header->setSectionResizeMode(kRuntimes, QHeaderView::Stretch);
    header->resizeSection(kPlaces, m_hub.px(52));
    connect(m_ruleTable->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& index) { showRule(index.row()); });
    connect(m_ruleTable, &QTableView::clicked, this, [this](const QModelIndex& index) { pushRule(index.row()); });
    connect(m_ruleTable, &QTableView::activated, this, [this](const QModelIndex& index) { pushRule(index.row()); });
    return m_ruleTable;
}

QWidget* PlacementPanel::makePlaces() {
    auto* side = new Surface(m_hub, false, m_stack);
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_why = new ThemedLabel(m_hub, {}, TextStyle::Small, Color::Text, side);
    m_why->setWordWrap(true);
    m_why->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_why->setContentsMargins(m_hub.px(12), m_hub.px(8), m_hub.px(12), m_hub.px(8));
    column->addWidget(m_why);
    column->addWidget(new Hairline(m_hub, Qt::Horizontal, side));
    m_placeItems->setHorizontalHeaderLabels({tr("Place"), tr("Layer")});
    m_placeTable = new RowTable(m_hub, side);
    m_placeTable->setModel(m_placeItems);
    m_placeTable->setRowHeight(24);
    m_placeTable->setAccessibleName(tr("Places of the chosen rule"));
    m_placeTable->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    column->addWidget(m_placeTable, 1);
    connect(m_placeTable->selectionModel(), &QItemSelectionModel::selectionChanged, this, &PlacementPanel::pushPlaces);
    // The selection may have moved on elsewhere since this row was chosen.
    connect(m_placeTable, &QTableView::clicked, this, &PlacementPanel::pushPlaces);
    connect(m_placeTable, &QTableView::activated, this, &PlacementPanel::pushPlaces);
    return side;
}

void PlacementPanel::refresh() {
    const auto report = m_check->report();
    m_rules = report ? rulesOf(*report) : std::vector<PlacementRule>();
    m_sentence = m_check->sentence();
    if (m_sentence.isEmpty() && m_rules.empty())
        m_sentence = tr("Nothing here stops a fusion in TensorRT or ONNX Runtime.");
    m_empty->setSentence(m_sentence);
    fillRules();
    m_stack->setCurrentIndex(m_sentence.isEmpty() ? 1 : 0);
}

// The rule and the places that were chosen stay so, if they are still there.
void PlacementPanel::fillRules() {
    const QScopedValueRollback<bool> filling(m_filling, true);
    const QStringList places = chosenPlaces();
    const QString sentence = m_why->text();  // names may stand for two rules, one a runtime
    m_ruleItems->removeRows(0, m_ruleItems->rowCount());
    int chosen = 0;
    for (const PlacementRule& each : m_rules) {
        if (each.sentence == sentence) chosen = m_ruleItems->rowCount();
        m_ruleItems->appendRow(ruleRow(each));
    }
    if (m_rules.empty()) return showRule(-1);
    m_ruleTable->selectRow(chosen);
    showRule(chosen);
    for (const QString& place : places)
        for (const QStandardItem* item : m_placeItems->findItems(place))
            m_placeTable->selectionModel()->select(item->index(),
                                                   QItemSelectionModel::Select | QItemSelectionModel::Rows);
}

void PlacementPanel::showRule(int row) {
    const QScopedValueRollback<bool> filling(m_filling, true);
    m_placeItems->removeRows(0, m_placeItems->rowCount());
    const bool known = row >= 0 && row < static_cast<int>(m_rules.size());
    m_why->setText(known ? m_rules[static_cast<size_t>(row)].sentence : QString());
    if (known) fillPlaces(m_rules[static_cast<size_t>(row)]);
}

void PlacementPanel::fillPlaces(const PlacementRule& rule) {
    for (const QString& place : rule.places)
        m_placeItems->appendRow(placeRow(place, layersAt(*m_check->report(), {place})));
    // Places that are layers themselves leave the second column empty.
    m_placeTable->setColumnHidden(
        1, m_placeItems->findItems(QString(), Qt::MatchExactly, 1).size() == m_placeItems->rowCount());
}

QStringList PlacementPanel::chosenPlaces() const {
    QStringList places;
    for (const QModelIndex& index : m_placeTable->selectionModel()->selectedRows())
        places.append(index.data().toString());
    return places;
}

void PlacementPanel::pushPlaces() {
    if (!m_filling) select(chosenPlaces());
}

void PlacementPanel::pushRule(int row) {
    if (row >= 0 && row < static_cast<int>(m_rules.size())) select(m_rules[static_cast<size_t>(row)].places);
}

void PlacementPanel::select(const QStringList& places) {
    const auto report = m_check->report();
    if (!report || places.isEmpty()) return;
    const QStringList layers = layersAt(*report, places);
    QSet<LayerId> ids;
    for (const QString& layer : layers) ids.insert(m_selection->idOf(layer));
    m_selection->select(ids, this, layers.isEmpty() ? kNoLayer : m_selection->idOf(layers.first()));
}

}  // namespace qat::ui
