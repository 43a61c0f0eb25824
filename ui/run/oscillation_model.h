// The layers whose weights flip most between grid points, with their history.
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "document/selection_hub.h"
#include "feed/run_data.h"
#include "widgets/row_table.h"

namespace qat::ui {

// Columns: layer, history (HistoryRole), newest share.
class OscillationModel : public QAbstractTableModel {
    Q_OBJECT
public:
    static constexpr int HistoryRole = Qt::UserRole + 50;  // QVariantList of shares
    enum Column { Layer, History, Share, ColumnCount };

    explicit OscillationModel(SelectionHub* selection, QObject* parent = nullptr);
    // Takes the `count` layers with the highest share of the newest epoch.
    void showRun(const RunData& data, int count);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Row {
        LayerId layer;
        QString name;
        QVariantList history;
        double share;
    };
    SelectionHub* m_selection;
    std::vector<Row> m_rows;
};

// A small line without axes from HistoryRole.
class SparkDelegate : public RowDelegate {
    Q_OBJECT
public:
    using RowDelegate::RowDelegate;

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                      const QModelIndex& index) const override;
};

}  // namespace qat::ui
