// Measures names, and hides and shows columns.
#include "widgets/column_fit.h"

#include <QAbstractItemModel>
#include <QEvent>
#include <QHeaderView>
#include <QScrollBar>
#include <algorithm>
#include <utility>

#include "style/theme_hub.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {

constexpr int kMostRowsMeasured = 3000;
constexpr int kLongestName = 420;  // px at the base font; what is longer is elided
constexpr int kShortestName = 90;
constexpr int kSqueezed = 60;  // of a column that stretches

}  // namespace

ColumnFit::ColumnFit(RowTable* table, int names, QList<int> givesWay, std::map<int, int> least)
    : QObject(table), m_table(table), m_names(names), m_givesWay(std::move(givesWay)), m_least(std::move(least)) {
    m_soon.setSingleShot(true);
    connect(&m_soon, &QTimer::timeout, this, &ColumnFit::fit);
    table->viewport()->installEventFilter(this);
    connect(&table->hub(), &ThemeHub::changed, &m_soon, [this] { m_soon.start(0); });
    follow();
    m_soon.start(0);
}

void ColumnFit::follow() {
    const QAbstractItemModel* model = m_table->model();
    const auto later = [this] { m_soon.start(0); };
    connect(model, &QAbstractItemModel::modelReset, this, later);
    connect(model, &QAbstractItemModel::rowsInserted, this, later);
    connect(model, &QAbstractItemModel::rowsRemoved, this, later);
}

bool ColumnFit::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize || event->type() == QEvent::Show) m_soon.start(0);
    return QObject::eventFilter(watched, event);
}

int ColumnFit::nameWidth() const {
    int width = m_table->horizontalHeader()->sectionSizeHint(m_names);
    const int rows = std::min(m_table->model()->rowCount(), kMostRowsMeasured);
    const QStyleOptionViewItem option;
    for (int row = 0; row < rows; ++row) {
        const QModelIndex index = m_table->model()->index(row, m_names);
        width = std::max(width, m_table->itemDelegateForIndex(index)->sizeHint(option, index).width());
    }
    return std::min(width, m_table->hub().px(kLongestName));
}

int ColumnFit::widthOf(int column) const {
    if (const auto kept = m_natural.find(column); kept != m_natural.end()) return kept->second;
    if (const auto least = m_least.find(column); least != m_least.end()) return least->second;
    return m_table->isColumnHidden(column) ? 0 : m_table->columnWidth(column);
}

void ColumnFit::fit() {
    QHeaderView* header = m_table->horizontalHeader();
    const int wanted = nameWidth(), width = m_table->viewport()->width();
    int others = 0;
    for (int column = 0; column < header->count(); ++column)
        if (column != m_names) others += widthOf(column);
    for (const int column : m_givesWay) {
        const bool hide = others + wanted > width;
        if (hide == m_table->isColumnHidden(column)) {
            if (hide) others -= widthOf(column);
            continue;
        }
        if (hide) {
            others -= widthOf(column);
            m_natural[column] = m_table->columnWidth(column);
        }
        m_table->setColumnHidden(column, hide);
        if (!hide) m_natural.erase(column);
    }
    // With nothing left to hide, what stretches is squeezed before names are.
    for (const auto& [column, least] : m_least) others -= std::max(0, least - m_table->hub().px(kSqueezed));
    if (header->sectionResizeMode(m_names) != QHeaderView::Stretch)
        header->resizeSection(m_names,
                              std::clamp(wanted, 1, std::max(m_table->hub().px(kShortestName), width - others)));
    tellHidden();
}

void ColumnFit::tellHidden() {
    QStringList hidden;
    for (const int column : m_givesWay)
        if (m_table->isColumnHidden(column))
            hidden.prepend(m_table->model()->headerData(column, Qt::Horizontal).toString());
    m_table->horizontalHeader()->setToolTip(
        hidden.isEmpty() ? QString() : tr("Not shown for want of width: %1").arg(hidden.join(QStringLiteral(", "))));
}

}  // namespace qat::ui
