// The layers whose weights flip most between grid points, with their history.
#pragma once

#include "document/selection_hub.h"
#include "feed/run_data.h"
#include "widgets/column_table.h"

namespace qat::ui {

struct OscillatingLayer {
    LayerId layer;
    QString name;
    QVariantList history;  // shares of oscillating weights, one an epoch
    double share;          // the newest
};

class OscillationModel : public ColumnTable<OscillatingLayer> {
    Q_OBJECT
public:
    enum Column { Layer, History, Share };

    explicit OscillationModel(SelectionHub* selection, QObject* parent = nullptr);
    // Takes the `count` layers with the highest share of the newest epoch.
    void showRun(const RunData& data, int count);

private:
    SelectionHub* m_selection;
};

}  // namespace qat::ui
