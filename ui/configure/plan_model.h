// The layers of the open configuration as a table: what each is, and what the plan does to it.
#pragma once

#include <QSortFilterProxyModel>
#include <memory>

#include "document/selection_hub.h"
#include "session/inspect.h"
#include "widgets/column_table.h"

namespace qat::ui {

struct PlanRow {
    const LayerInfo* layer;  // of the model's description
    int number;              // from 0, in execution order
    LayerId id;
};

class PlanModel : public ColumnTable<PlanRow> {
    Q_OBJECT
public:
    enum Column { kNumber, kName, kKernel, kWeights, kWeightBits, kActivationBits, kObserver, kSetBy };

    explicit PlanModel(SelectionHub* hub, QObject* parent = nullptr);
    // Null = no layers.
    void setDescription(std::shared_ptr<const ModelDescription> model);
    const LayerInfo* layer(int row) const;
    LayerId idAt(int row) const;

private:
    Roles makeRoles() const;
    void findRelated();

    SelectionHub* m_hub;
    std::shared_ptr<const ModelDescription> m_model;
    QSet<int> m_related;  // rows that share a scale group with the selection
};

// Words must all hold: a part of the name, or w:4, a:8, op:conv, group:1 (in a shared scale group), set:pattern.
class PlanFilter : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit PlanFilter(QObject* parent = nullptr);
    void setWords(const QString& words);
    PlanModel* layers() const { return static_cast<PlanModel*>(sourceModel()); }

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    QStringList m_words;
};

}  // namespace qat::ui
