// Selection in both directions without echo.
#include "charts/table_link.h"

#include <QItemSelectionModel>

namespace qat::ui {

TableLink::TableLink(RowTable* table, SelectionHub* selection)
    : QObject(table), m_table(table), m_selection(selection) {
    connect(table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &TableLink::tableChanged);
    connect(table->selectionModel(), &QItemSelectionModel::currentChanged, this, &TableLink::tableChanged);
    connect(selection, &SelectionHub::changed, this, &TableLink::hubChanged);
    connect(table, &RowTable::rowHovered, this, [this](int row) { m_selection->hover(layerAt(row), this); });
    connect(table, &QAbstractItemView::doubleClicked, this,
            [this](const QModelIndex& index) { Q_EMIT m_selection->inspectLayer(layerAt(index.row())); });
    const auto refollow = [this] { hubChanged(SelectionHub::Selected, nullptr); };
    connect(table->model(), &QAbstractItemModel::modelReset, this, refollow, Qt::QueuedConnection);
    connect(table->model(), &QAbstractItemModel::layoutChanged, this, refollow, Qt::QueuedConnection);
    refollow();
}

LayerId TableLink::layerAt(int row) const {
    if (row < 0) return kNoLayer;
    const QVariant layer = m_table->model()->index(row, 0).data(LayerIdRole);
    return layer.isValid() ? layer.toInt() : kNoLayer;
}

void TableLink::tableChanged() {
    if (m_following) return;
    QSet<LayerId> layers;
    for (const QModelIndex& index : m_table->selectionModel()->selectedRows()) layers.insert(layerAt(index.row()));
    layers.remove(kNoLayer);
    m_selection->select(layers, this, layerAt(m_table->currentIndex().row()));
}

void TableLink::hubChanged(SelectionHub::Parts parts, const void* origin) {
    if (origin == this || !(parts & (SelectionHub::Selected | SelectionHub::Current))) return;
    m_following = true;
    QItemSelection rows;
    QModelIndex current;
    const int last = m_table->model()->columnCount() - 1;
    for (int row = 0; row < m_table->model()->rowCount(); ++row) {
        const LayerId layer = layerAt(row);
        const QModelIndex index = m_table->model()->index(row, 0);
        if (m_selection->selected().contains(layer)) rows.select(index, m_table->model()->index(row, last));
        if (layer == m_selection->current()) current = index;
    }
    m_table->selectionModel()->select(rows, QItemSelectionModel::ClearAndSelect);
    m_table->selectionModel()->setCurrentIndex(current, QItemSelectionModel::NoUpdate);
    if (current.isValid()) m_table->scrollTo(current, QAbstractItemView::EnsureVisible);
    m_following = false;
}

}  // namespace qat::ui
