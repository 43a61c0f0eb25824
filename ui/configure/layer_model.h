// The layers of the open configuration as a table: what each is, and what the plan does to it.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <memory>

#include "document/selection_hub.h"
#include "session/inspect.h"

namespace qat::ui {

class LayerModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { kNumber, kName, kKernel, kWeights, kWeightBits, kActivationBits, kObserver, kSetBy, kColumns };

    explicit LayerModel(SelectionHub* hub, QObject* parent = nullptr);
    // Null = no layers.
    void setDescription(std::shared_ptr<const ModelDescription> model);
    const LayerInfo* layer(int row) const;
    LayerId idAt(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QVariant shown(const LayerInfo& layer, int row, int column) const;
    QVariant sortValue(const LayerInfo& layer, int row, int column) const;
    QString spoken(const LayerInfo& layer) const;
    void findRelated();

    SelectionHub* m_hub;
    std::shared_ptr<const ModelDescription> m_model;
    QList<LayerId> m_ids;
    QSet<int> m_related;  // rows that share a scale group with the selection
};

// Words must all hold: a part of the name, or w:4, a:8, op:conv, group:1 (in a shared scale group), set:pattern.
class LayerFilter : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit LayerFilter(QObject* parent = nullptr);
    void setWords(const QString& words);
    LayerModel* layers() const { return static_cast<LayerModel*>(sourceModel()); }

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    QStringList m_words;
};

}  // namespace qat::ui
