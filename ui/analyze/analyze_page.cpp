// Puts the views side by side; the selection hub ties them together, the page only feeds them.
#include "analyze/analyze_page.h"

#include <QComboBox>
#include <QDockWidget>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <set>

#include "analyze/layer_inspector.h"
#include "analyze/layer_model.h"
#include "analyze/layer_strip.h"
#include "analyze/metric_info.h"
#include "charts/table_link.h"
#include "charts/visible_refresh.h"
#include "style/theme_icon.h"
#include "widgets/buttons.h"
#include "widgets/cell_delegate.h"
#include "widgets/column_fit.h"
#include "widgets/empty_state.h"
#include "widgets/format.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"
#include "widgets/segment_bar.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr int kSearchPauseMs = 200;

void fillMetrics(QComboBox* box, const QStringList& keys) {
    const QString before = box->currentData().toString();
    QStringList present;
    for (int i = 0; i < box->count(); ++i) present << box->itemData(i).toString();
    if (present == keys) return;
    const QSignalBlocker quiet(box);
    box->clear();
    for (const QString& key : keys) box->addItem(metricInfo(key).title, key);
    box->setCurrentIndex(std::max(0, box->findData(before)));
}

}  // namespace

AnalyzePage::AnalyzePage(ThemeHub* hub, SelectionHub* selection, RunStore* store, QWidget* parent)
    : RunView(parent), m_hub(hub), m_selection(selection), m_store(store) {
    setObjectName(QStringLiteral("analyze.page"));
    auto* surface = new Surface(*hub);
    auto* column = new QVBoxLayout(surface);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    buildTop(column);
    auto* across = m_across = new QSplitter(Qt::Horizontal, surface);
    across->setChildrenCollapsible(false);
    across->addWidget(buildSensitivity(across));
    auto* down = new QSplitter(Qt::Vertical, across);
    down->setChildrenCollapsible(false);
    down->addWidget(buildTable(down));
    down->addWidget(buildLower(down));
    down->setSizes({hub->px(414), hub->px(324)});
    across->addWidget(down);
    across->setStretchFactor(0, 0);
    across->setStretchFactor(1, 1);
    column->addWidget(across, 1);
    m_empty = new EmptyState(*hub, {}, this);
    QPushButton* open = makeButton(*hub, tr("Open a run"), ButtonKind::Normal, QStringLiteral("open"));
    m_empty->addButton(open);
    connect(open, &QPushButton::clicked, this, &AnalyzePage::openRunRequested);
    auto* blank = new Surface(*hub);
    auto* blankColumn = new QVBoxLayout(blank);
    blankColumn->setContentsMargins(0, 0, 0, 0);
    blankColumn->addWidget(m_empty);
    m_pages = new QStackedWidget(this);
    m_pages->addWidget(blank);
    m_pages->addWidget(surface);
    setCentralWidget(m_pages);
    buildInspector();
    connect(selection, &SelectionHub::changed, this, [this](SelectionHub::Parts parts) {
        if (parts & SelectionHub::Current) refreshInspector();
    });
    m_refresh = new VisibleRefresh(this, [this](unsigned mask) { refresh(mask); });
    connect(store, &RunStore::changed, m_refresh, &VisibleRefresh::request);
    m_refresh->request(kRunEverything);
}

AnalyzePage::Panel AnalyzePage::makePanel(const QString& title, QWidget* content, QWidget* parent) {
    auto* frame = new QWidget(parent);
    auto* column = new QVBoxLayout(frame);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    Panel panel;
    panel.header = new PanelHeader(*m_hub, title, frame);
    panel.stack = new QStackedWidget(frame);
    panel.empty = new EmptyState(*m_hub, {}, panel.stack);
    panel.stack->addWidget(panel.empty);
    panel.stack->addWidget(content);
    column->addWidget(panel.header);
    column->addWidget(panel.stack, 1);
    return panel;
}

void AnalyzePage::buildTop(QVBoxLayout* column) {
    auto* bar = new QWidget;
    auto* line = new QHBoxLayout(bar);
    line->setContentsMargins(m_hub->px(12), m_hub->px(6), m_hub->px(12), m_hub->px(6));
    line->setSpacing(m_hub->px(8));
    m_search = new QLineEdit(bar);
    m_search->setPlaceholderText(tr("Filter layers"));
    m_search->setAccessibleName(tr("Filter layers by words of their name"));
    m_search->setClearButtonEnabled(true);
    m_search->setFixedWidth(m_hub->px(220));
    m_search->addAction(themeIcon(*m_hub, QStringLiteral("search"), Color::Text3), QLineEdit::LeadingPosition);
    m_bitsBar = new SegmentBar(*m_hub, true, bar);
    m_bitsBar->setAccessibleName(tr("Weight bits the numbers are for"));
    line->addWidget(m_search);
    line->addStretch(1);
    line->addWidget(new ThemedLabel(*m_hub, tr("Weights at"), TextStyle::Small, Color::Text2, bar));
    line->addWidget(m_bitsBar);
    m_strip = new LayerStrip(m_hub, m_selection);
    column->addWidget(bar);
    column->addWidget(new Hairline(*m_hub));
    column->addWidget(m_strip);
    column->addWidget(new Hairline(*m_hub));
    m_searchPause = new QTimer(this);
    m_searchPause->setSingleShot(true);
    m_searchPause->setInterval(kSearchPauseMs);
    connect(m_search, &QLineEdit::textChanged, m_searchPause, qOverload<>(&QTimer::start));
    connect(m_searchPause, &QTimer::timeout, this, [this] {
        m_filter->setText(m_search->text());
        m_tablePanel.header->setDetail(tr("%1 of %2").arg(m_filter->rowCount()).arg(m_model->rowCount()));
    });
    connect(m_bitsBar, &SegmentBar::chosen, this, [this](int, const QString& key) {
        m_bits = key.toInt();
        refreshBars();
    });
}

QWidget* AnalyzePage::buildSensitivity(QWidget* parent) {
    m_sensitivity = new RankBars(m_hub, m_selection);
    m_sensitivity->setObjectName(QStringLiteral("analyze.sensitivity"));
    m_sensitivity->setAccessibleName(tr("Sensitivity of layers"));
    m_sensitivityPanel = makePanel(tr("Sensitivity"), m_sensitivity, parent);
    m_metric = new QComboBox;
    m_metric->setAccessibleName(tr("Measure of sensitivity"));
    m_sensitivityLog = addLogButton(m_sensitivity, m_sensitivityPanel.header);
    m_sensitivityPanel.header->addWidget(m_metric);
    QPushButton* measure = makeButton(*m_hub, tr("Measure"), ButtonKind::Normal, QStringLiteral("play"));
    m_sensitivityPanel.empty->addButton(measure);
    connect(measure, &QPushButton::clicked, this, &AnalyzePage::measureRequested);
    connect(m_metric, &QComboBox::currentIndexChanged, this, &AnalyzePage::refreshBars);
    return m_sensitivityPanel.header->parentWidget();
}

QWidget* AnalyzePage::buildTable(QWidget* parent) {
    m_table = new RowTable(*m_hub);
    m_model = new LayerTableModel(this);
    m_filter = new LayerTableFilter(this);
    m_filter->setSourceModel(m_model);
    m_table->setModel(m_filter);
    m_table->setRowHeight(24);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(LayerTableModel::Order, Qt::AscendingOrder);
    m_table->setAccessibleName(tr("Layers"));
    for (const int column : {int(LayerTableModel::WeightBits), int(LayerTableModel::ActivationBits)})
        m_table->setItemDelegateForColumn(column, new CellDelegate(*m_hub, CellLook::Bits, m_table));
    for (const int column : {int(LayerTableModel::Sensitivity), int(LayerTableModel::Oscillation)})
        m_table->setItemDelegateForColumn(column, new CellDelegate(*m_hub, CellLook::Bar, m_table));
    const QFontMetrics metrics(m_hub->theme().small);
    const int number = metrics.horizontalAdvance(QStringLiteral("0.000000")) + m_hub->px(14);
    for (int column = 0; column < LayerTableModel::ColumnCount; ++column) m_table->setColumnWidth(column, number);
    m_table->setColumnWidth(LayerTableModel::Order, m_hub->px(54));
    m_table->setColumnWidth(LayerTableModel::WeightBits, m_hub->px(36));
    m_table->setColumnWidth(LayerTableModel::ActivationBits, m_hub->px(36));
    m_table->setColumnWidth(LayerTableModel::Sensitivity, m_hub->px(104));
    m_table->setColumnWidth(LayerTableModel::Oscillation, m_hub->px(104));
    m_table->horizontalHeader()->setSectionResizeMode(LayerTableModel::Name, QHeaderView::Stretch);
    using Column = LayerTableModel::Column;
    new ColumnFit(m_table, Column::Name,
                  {Column::Absolute, Column::Relative, Column::Cosine, Column::Parameters, Column::Mse, Column::Sqnr,
                   Column::Oscillation});
    new TableLink(m_table, m_selection);
    m_tablePanel = makePanel(tr("Layers"), m_table, parent);
    return m_tablePanel.header->parentWidget();
}

QWidget* AnalyzePage::buildLower(QWidget* parent) {
    auto* row = new QSplitter(Qt::Horizontal, parent);
    row->setChildrenCollapsible(false);
    m_errors = new RankBars(m_hub, m_selection);
    m_errors->setAccessibleName(tr("Output error of layers"));
    m_errorPanel = makePanel(tr("Output error"), m_errors, row);
    m_errorMetric = new QComboBox;
    m_errorMetric->setAccessibleName(tr("Measure of error"));
    m_errorLog = addLogButton(m_errors, m_errorPanel.header);
    m_errorPanel.header->addWidget(m_errorMetric);
    connect(m_errorMetric, &QComboBox::currentIndexChanged, this, &AnalyzePage::refreshBars);
    m_heat = new HeatMap(m_hub, m_selection);
    m_oscillationPanel = makePanel(tr("Oscillation"), m_heat, row);
    m_oscillationPanel.header->setDetail(tr("% of weights, per layer and epoch"));
    m_legend = new EmberLegend(m_hub);
    m_oscillationPanel.header->addWidget(m_legend);
    row->addWidget(m_errorPanel.header->parentWidget());
    row->addWidget(m_oscillationPanel.header->parentWidget());
    row->setSizes({m_hub->px(370), m_hub->px(430)});
    return row;
}

void AnalyzePage::buildInspector() {
    auto* surface = new Surface(*m_hub);
    auto* column = new QVBoxLayout(surface);
    column->setContentsMargins(0, 0, 0, 0);
    m_inspector = new LayerInspector(m_hub, surface);
    column->addWidget(m_inspector);
    m_dock = makeDock(new PanelHeader(*m_hub, tr("Layer")), QStringLiteral("analyze.layer"), surface, this);
    addDockWidget(Qt::RightDockWidgetArea, m_dock);
    connect(m_selection, &SelectionHub::inspectLayer, m_dock, &QDockWidget::show);
}

void AnalyzePage::arrangeDocks() {
    const bool narrow = width() < m_hub->px(kNarrowBelow);
    const int side = m_hub->px(narrow ? 300 : 340), bars = m_hub->px(narrow ? 330 : 440);
    resizeDocks({m_dock}, {side}, Qt::Horizontal);
    m_across->setSizes({bars, std::max(bars, width() - side - bars)});
}

void AnalyzePage::refreshChoices() {
    const RunData& data = m_store->data();
    fillMetrics(m_metric, metricsOf(data, tables::kSensitivity));
    fillMetrics(m_errorMetric, metricsOf(data, tables::kError));
    m_metric->setVisible(m_metric->count() > 0);
    m_errorMetric->setVisible(m_errorMetric->count() > 0);
    std::set<int> widths;
    for (const std::string_view table : {tables::kSensitivity, tables::kError})
        for (const int bits : data.bitsOf(table))
            if (bits > 0) widths.insert(bits);  // head outputs have no width
    if (widths.empty()) widths.insert(m_bits);
    if (!widths.contains(m_bits)) m_bits = *widths.begin();
    const bool same =
        m_bitsBar->count() == static_cast<int>(widths.size()) && m_bitsBar->currentKey().toInt() == m_bits;
    if (same) return;
    m_bitsBar->clear();
    for (const int bits : widths) m_bitsBar->addSegment(QString::number(bits), tr("W%1").arg(bits));
    m_bitsBar->setCurrentKey(QString::number(m_bits));
}

void AnalyzePage::refreshBars() {
    const QString metric = m_metric->currentData().toString(), errorMetric = m_errorMetric->currentData().toString();
    const auto order = [](const QString& key) {
        return metricInfo(key).lowIsBad ? RankOrder::Smallest : RankOrder::Largest;
    };
    m_sensitivity->setOrder(order(metric));
    m_errors->setOrder(order(errorMetric));
    fillBars(m_sensitivity, m_sensitivityLog, sensitivityBars(m_layers, m_bits, metric), metric,
             m_sensitivityPanel.header, tr("this layer alone at W%1").arg(m_bits));
    fillBars(m_errors, m_errorLog, errorBars(m_layers, m_bits, errorMetric), errorMetric, m_errorPanel.header,
             tr("all layers as planned"));
    m_model->setLayers(m_layers, m_bits, metric);
    widenToHeaders();
    m_tablePanel.header->setDetail(tr("%1 of %2").arg(m_filter->rowCount()).arg(m_model->rowCount()));
    refreshStrip();
    refreshInspector();
    refreshEmptyTexts();
}

// Whether the axis is logarithmic is up to the values until the user says what it is to be.
void AnalyzePage::fillBars(RankBars* view, QToolButton* log, std::vector<RankBar> bars, const QString& metric,
                           PanelHeader* header, const QString& what) {
    std::vector<double> values;
    for (const RankBar& bar : bars) values.push_back(bar.value);
    const NumberForm form = metricForm(metricInfo(metric), values);
    if (!log->property("chosen").toBool()) log->setChecked(needsLogAxis(bars));
    log->setVisible(!bars.empty());
    header->setDetail(bars.empty()         ? QString()
                      : form.exponent == 0 ? what
                                           : QStringLiteral("%1, %2").arg(unitOf(form), what));
    view->setBars(std::move(bars), form);
    view->setLogarithmic(log->isChecked());
}

QToolButton* AnalyzePage::addLogButton(RankBars* view, PanelHeader* header) {
    auto* log = new QToolButton(header);
    log->setText(tr("log"));
    log->setFont(m_hub->theme().small);
    log->setCheckable(true);
    log->setAutoRaise(true);
    log->setToolTip(tr("Logarithmic axis"));
    log->setAccessibleName(tr("Logarithmic axis"));
    header->addWidget(log);
    connect(log, &QToolButton::clicked, view, [view, log](bool on) {
        log->setProperty("chosen", true);
        view->setLogarithmic(on);
    });
    return log;
}

// Units make titles longer.
void AnalyzePage::widenToHeaders() {
    const QHeaderView* header = m_table->horizontalHeader();
    const QFontMetrics metrics(header->font());
    for (int column = LayerTableModel::Sensitivity; column < LayerTableModel::ColumnCount; ++column) {
        const QString title = m_model->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
        const int wanted = metrics.horizontalAdvance(title) + m_hub->px(26);
        if (!m_table->isColumnHidden(column) && m_table->columnWidth(column) < wanted)
            m_table->setColumnWidth(column, wanted);
    }
}

void AnalyzePage::refreshStrip() {
    const QString metric = m_metric->currentData().toString(), errorMetric = m_errorMetric->currentData().toString();
    std::vector<LayerId> ids;
    QStringList names;
    StripRow drop{tr("Sensitivity"), {}, false, metricInfo(metric).lowIsBad},
        error{metricInfo(errorMetric).title, {}, false, metricInfo(errorMetric).lowIsBad};
    StripRow flips{tr("Oscillation"), {}}, bits{tr("Weight bits"), {}, true};
    for (const LayerFacts& layer : layersOnly(m_layers)) {
        ids.push_back(layer.id);
        names << layer.name;
        drop.values.push_back(layer.sensitivityOf(m_bits, metric));
        error.values.push_back(layer.errorOf(m_bits, errorMetric));
        flips.values.push_back(layer.oscillation);
        bits.values.push_back(layer.plan.name.empty() ? std::nan("") : layer.plan.weightBits);
    }
    std::vector<StripRow> rows;
    for (StripRow* row : {&drop, &error, &flips, &bits})
        if (std::any_of(row->values.begin(), row->values.end(), [](double v) { return std::isfinite(v); }))
            rows.push_back(std::move(*row));
    m_strip->setLayers(std::move(ids), std::move(names), std::move(rows));
}

void AnalyzePage::refreshInspector() {
    m_inspector->showLayer(m_layers, m_selection->current(), m_bits, m_metric->currentData().toString());
}

void AnalyzePage::refreshEmptyTexts() {
    const RunData& data = m_store->data();
    const RunStage* stage = data.currentStage();
    const bool measuring = stage && stage->name == stages::kAnalyze;
    m_sensitivityPanel.empty->setSentence(
        measuring ? tr("Sensitivity is being measured: %1 of %2 layers.").arg(stage->done).arg(stage->total)
                  : tr("No sensitivity yet. Each of the %1 layers is quantized alone and the rest left in float; this "
                       "takes minutes.")
                        .arg(layersOnly(m_layers).size()));
    m_errorPanel.empty->setSentence(
        tr("No layer errors yet. They are measured when a run's configuration asks for measure_layer_error."));
    m_oscillationPanel.empty->setSentence(tr("No oscillation yet. Training writes it after every epoch."));
    m_sensitivityPanel.stack->setCurrentIndex(m_sensitivity->bars().empty() ? 0 : 1);
    m_errorPanel.stack->setCurrentIndex(m_errors->bars().empty() ? 0 : 1);
    m_oscillationPanel.stack->setCurrentIndex(m_heat->data().layers.empty() ? 0 : 1);
    m_tablePanel.stack->setCurrentIndex(1);
    m_legend->setVisible(!m_heat->data().layers.empty());
    const bool nothing = m_layers.empty();
    m_pages->setCurrentIndex(nothing ? 0 : 1);
    m_empty->setSentence(data.status == RunStatus::Loading ? tr("Reading %1 ...").arg(data.folder)
                         : data.folder.isEmpty()           ? tr("No run open. Analyze shows the layers of a run.")
                                                 : tr("No layers yet. The run writes them once its model is loaded."));
}

void AnalyzePage::refresh(unsigned mask) {
    if (mask & (kRunLayers | kRunLayerInfo)) {
        const RunData& data = m_store->data();
        m_layers = collectLayers(data, *m_selection);
        refreshChoices();
        m_heat->setData(oscillationMap(data, m_layers));
        m_legend->setEnds(QStringLiteral("0"), formatPercent(m_heat->top()));
        refreshBars();
    } else if (mask & (kRunStatus | kRunStages | kRunProgress)) {
        refreshEmptyTexts();
    }
}

}  // namespace qat::ui
