// The Analyze perspective: which layers suffer from quantization, seen from five sides at once.
#pragma once

#include <vector>

#include "analyze/layer_facts.h"
#include "charts/rank_bars.h"
#include "document/selection_hub.h"
#include "feed/run_store.h"
#include "pages/run_view.h"
#include "style/theme_hub.h"

class QComboBox;
class QDockWidget;
class QLineEdit;
class QSplitter;
class QStackedWidget;
class QTimer;
class QToolButton;
class QVBoxLayout;

namespace qat::ui {

class EmberLegend;
class EmptyState;
class HeatMap;
class LayerTableFilter;
class LayerInspector;
class LayerTableModel;
class LayerStrip;
class PanelHeader;
class RowTable;
class SegmentBar;
class VisibleRefresh;

class AnalyzePage : public RunView {
    Q_OBJECT
public:
    AnalyzePage(ThemeHub* hub, SelectionHub* selection, RunStore* store, QWidget* parent = nullptr);
    LayerTableModel* layerModel() const { return m_model; }
    LayerTableFilter* layerFilter() const { return m_filter; }
    RowTable* layerTable() const { return m_table; }
    void arrangeDocks() override;

private:
    // Content, or the sentence that says why there is none yet.
    struct Panel {
        PanelHeader* header = nullptr;
        QStackedWidget* stack = nullptr;
        EmptyState* empty = nullptr;
    };
    Panel makePanel(const QString& title, QWidget* content, QWidget* parent);
    void buildTop(QVBoxLayout* column);
    QWidget* buildSensitivity(QWidget* parent);
    QWidget* buildTable(QWidget* parent);
    QWidget* buildLower(QWidget* parent);
    void buildInspector();
    void refresh(unsigned mask);
    void refreshChoices();
    void refreshBars();
    void fillBars(RankBars* view, QToolButton* log, std::vector<RankBar> bars, const QString& metric,
                  PanelHeader* header, const QString& what);
    QToolButton* addLogButton(RankBars* view, PanelHeader* header);
    void widenToHeaders();
    void refreshStrip();
    void refreshInspector();
    void refreshEmptyTexts();

    ThemeHub* m_hub;
    SelectionHub* m_selection;
    RunStore* m_store;
    VisibleRefresh* m_refresh = nullptr;
    std::vector<LayerFacts> m_layers;
    int m_bits = 4;

    QStackedWidget* m_pages = nullptr;
    QSplitter* m_across = nullptr;
    QDockWidget* m_dock = nullptr;
    QToolButton* m_sensitivityLog = nullptr;
    QToolButton* m_errorLog = nullptr;
    EmptyState* m_empty = nullptr;
    QLineEdit* m_search = nullptr;
    QTimer* m_searchPause = nullptr;
    SegmentBar* m_bitsBar = nullptr;
    LayerStrip* m_strip = nullptr;
    Panel m_sensitivityPanel, m_tablePanel, m_errorPanel, m_oscillationPanel;
    RankBars* m_sensitivity = nullptr;
    RankBars* m_errors = nullptr;
    QComboBox* m_metric = nullptr;
    QComboBox* m_errorMetric = nullptr;
    HeatMap* m_heat = nullptr;
    EmberLegend* m_legend = nullptr;
    RowTable* m_table = nullptr;
    LayerTableModel* m_model = nullptr;
    LayerTableFilter* m_filter = nullptr;
    LayerInspector* m_inspector = nullptr;
};

}  // namespace qat::ui
