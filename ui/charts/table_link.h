// Ties the rows of a table to the shared selection: what is selected here is selected everywhere, and back.
#pragma once

#include <QObject>

#include "document/selection_hub.h"
#include "widgets/row_table.h"

namespace qat::ui {

// The table's model (or proxy) must answer LayerIdRole. Lives as long as the table; make it after setModel().
class TableLink : public QObject {
    Q_OBJECT
public:
    TableLink(RowTable* table, SelectionHub* selection);

private:
    void tableChanged();
    void hubChanged(SelectionHub::Parts parts, const void* origin);
    LayerId layerAt(int row) const;

    RowTable* m_table;
    SelectionHub* m_selection;
    bool m_following = false;
};

}  // namespace qat::ui
