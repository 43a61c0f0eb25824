// Everything known about the current layer.
#pragma once

#include <QWidget>
#include <vector>

#include "analyze/layer_facts.h"
#include "style/theme_hub.h"

class QStackedLayout;

namespace qat::ui {

class ChipView;
class FactList;
class KpiGrid;
class ThemedLabel;

class LayerInspector : public QWidget {
    Q_OBJECT
public:
    explicit LayerInspector(ThemeHub* hub, QWidget* parent = nullptr);
    // kNoLayer, or a layer not in the list, shows what to do instead.
    void showLayer(const std::vector<LayerFacts>& layers, LayerId id, int bits, const QString& metric);

private:
    void copyPattern() const;
    void fill(const std::vector<LayerFacts>& layers, const LayerFacts& facts, int bits, const QString& metric);

    QStackedLayout* m_stack;
    ThemedLabel* m_name;
    ThemedLabel* m_shape;
    ChipView* m_bits;
    KpiGrid* m_figures;
    FactList* m_plan;
    FactList* m_errors;
    FactList* m_changes;
    FactList* m_identity;
    QString m_shownLayer;
};

// A layer_configs pattern that matches this name and no other.
QString exactPattern(const QString& layer);

}  // namespace qat::ui
