// Sections of the inspector, filled from the layer's facts.
#include "analyze/layer_inspector.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedLayout>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "analyze/fact_list.h"
#include "analyze/metric_info.h"
#include "charts/kpi_grid.h"
#include "widgets/buttons.h"
#include "widgets/chip_view.h"
#include "widgets/empty_state.h"
#include "widgets/format.h"
#include "widgets/panel.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

QString shapeText(const std::vector<int64_t>& shape) {
    QStringList sizes;
    for (const int64_t size : shape) sizes << QString::number(size);
    return sizes.isEmpty() ? QString(QChar(0x2013)) : sizes.join(QStringLiteral(" × "));
}

QString bitsText(int bits) {
    return bits > 0 ? LayerInspector::tr("%n bit", nullptr, bits) : LayerInspector::tr("float");
}

QString widthText(int bits) {
    return bits > 0 ? LayerInspector::tr("W%1").arg(bits) : LayerInspector::tr("float");
}

std::vector<Fact> planFacts(const LayerInfo& plan) {
    return {{LayerInspector::tr("Weights"), bitsText(plan.weightBits), qtext(plan.weightOrigin)},
            {LayerInspector::tr("Activations"), bitsText(plan.activationBits), qtext(plan.activationOrigin)},
            {LayerInspector::tr("Observer"), plan.observer.empty() ? QString(QChar(0x2013)) : qtext(plan.observer), {}},
            {LayerInspector::tr("Scale group"),
             plan.scaleGroup.empty() ? LayerInspector::tr("its own") : qtext(plan.scaleGroup),
             {}}};
}

std::vector<Fact> identityFacts(const LayerFacts& facts) {
    std::vector<Fact> rows{{LayerInspector::tr("Operator"), qtext(facts.plan.op), {}},
                           {LayerInspector::tr("Weights, OIHW"), shapeText(facts.plan.weightShape), {}},
                           {LayerInspector::tr("Output, NCHW"), shapeText(facts.plan.outputShape), {}},
                           {LayerInspector::tr("Parameters"), formatCount(facts.plan.parameters), {}},
                           {LayerInspector::tr("MACs"), formatAmount(static_cast<double>(facts.plan.macs)), {}}};
    for (const std::string& alias : facts.plan.aliases)
        rows.push_back({LayerInspector::tr("Alias"), qtext(alias), {}, true});
    return rows;
}

// One row a metric: the value at the chosen bits, the other widths after it.
std::vector<Fact> errorFacts(const LayerFacts& facts, int bits) {
    QStringList keys;
    for (const auto& [width, metrics] : facts.error)
        for (const auto& [key, value] : metrics.values)
            if (!keys.contains(qtext(key))) keys << qtext(key);
    std::vector<Fact> rows;
    for (const QString& key : orderedMetrics(keys)) {
        const MetricInfo info = metricInfo(key);
        QStringList others;
        for (const auto& [width, metrics] : facts.error)
            if (width != bits && metrics.contains(key.toStdString()))
                others << widthText(width) + QLatin1Char(' ') + metricText(info, metrics.value(key.toStdString()));
        rows.push_back({info.title, metricText(info, facts.errorOf(bits, key)), others.join(QStringLiteral(", "))});
    }
    return rows;
}

// What the stages that change a layer after calibration did to it; a factor of 1 and an offset of 0 change nothing.
std::vector<Fact> changeFacts(const LayerFacts& facts) {
    std::vector<Fact> rows;
    const auto add = [&](const LayerMetrics& metrics, const char* key, const QString& name, const QString& note) {
        if (metrics.contains(key)) rows.push_back({name, formatSignificant(metrics.value(key)), note});
    };
    add(facts.repair, "before", LayerInspector::tr("Before repair"), LayerInspector::tr("noise over signal"));
    add(facts.repair, "after", LayerInspector::tr("After repair"), LayerInspector::tr("noise over signal"));
    add(facts.correction, "gamma_min", LayerInspector::tr("Correction (QC)"), LayerInspector::tr("least factor"));
    add(facts.correction, "gamma_max", LayerInspector::tr("Correction (QC)"), LayerInspector::tr("largest factor"));
    add(facts.correction, "beta_max", LayerInspector::tr("Correction (QC)"), LayerInspector::tr("largest offset"));
    return rows;
}

}  // namespace

QString exactPattern(const QString& layer) {
    QString pattern = QStringLiteral("^");
    for (const QChar letter : layer) {
        if (QStringLiteral("\\^$.|?*+()[]{}").contains(letter)) pattern += QLatin1Char('\\');
        pattern += letter;
    }
    return pattern + QLatin1Char('$');
}

LayerInspector::LayerInspector(ThemeHub* hub, QWidget* parent)
    : QWidget(parent),
      m_stack(new QStackedLayout(this)),
      m_name(new ThemedLabel(*hub, {}, TextStyle::Code, Color::Text)),
      m_shape(new ThemedLabel(*hub, {}, TextStyle::Small, Color::Text2)),
      m_bits(new ChipView(hub)),
      m_figures(new KpiGrid(hub)),
      m_plan(new FactList(hub, tr("Effective quantization"), tr("set by"))),
      m_errors(new FactList(hub, tr("Output error"), tr("at other widths"))),
      m_changes(new FactList(hub, tr("Repair and correction"), {})),
      m_identity(new FactList(hub, tr("Layer"), {})) {
    m_stack->addWidget(
        new EmptyState(*hub, tr("No layer chosen. Click a bar, a cell or a row to see what is known about it.")));
    auto* body = new QWidget;
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* title = new QHBoxLayout;
    title->setContentsMargins(hub->px(12), hub->px(12), hub->px(12), hub->px(2));
    m_name->setElide(Qt::ElideMiddle);
    m_name->setTextInteractionFlags(Qt::TextSelectableByMouse);
    title->addWidget(m_name, 1);
    title->addWidget(m_bits);
    column->addLayout(title);
    m_shape->setContentsMargins(hub->px(12), 0, hub->px(12), hub->px(8));
    column->addWidget(m_shape);
    column->addWidget(new Hairline(*hub));
    column->addWidget(m_figures);
    for (FactList* list : {m_plan, m_errors, m_changes, m_identity}) {
        column->addWidget(list);
        column->addWidget(new Hairline(*hub));
    }
    column->addStretch(1);
    auto* buttons = new QHBoxLayout;
    buttons->setContentsMargins(hub->px(12), hub->px(8), hub->px(12), hub->px(10));
    QPushButton* copy = makeButton(*hub, tr("Copy pattern"), ButtonKind::Normal, QStringLiteral("copy"), true);
    copy->setToolTip(tr("An escaped layer_configs pattern that matches this layer and no other"));
    connect(copy, &QPushButton::clicked, this, &LayerInspector::copyPattern);
    buttons->addWidget(copy);
    buttons->addStretch(1);
    column->addLayout(buttons);
    m_stack->addWidget(body);
}

void LayerInspector::copyPattern() const {
    QApplication::clipboard()->setText(exactPattern(m_shownLayer));
}

void LayerInspector::fill(const std::vector<LayerFacts>& layers, const LayerFacts& facts, int bits,
                          const QString& metric) {
    m_shownLayer = facts.name;
    m_name->setText(facts.name);
    m_bits->setVisible(!facts.plan.name.empty());
    m_bits->showBits(facts.plan.weightBits, facts.plan.activationBits);
    m_shape->setText(tr("%1, weights %2, %3 MACs")
                         .arg(facts.plan.op.empty() ? tr("not in layers.json") : qtext(facts.plan.op),
                              shapeText(facts.plan.weightShape), formatAmount(static_cast<double>(facts.plan.macs))));
    const int rank = rankOf(layers, facts.id, bits, metric);
    const auto measured = std::count_if(layers.begin(), layers.end(), [&](const LayerFacts& l) {
        return std::isfinite(l.sensitivityOf(bits, metric));
    });
    m_figures->setKpis(
        {{tr("Sensitivity at W%1").arg(bits), metricText(metricInfo(metric), facts.sensitivityOf(bits, metric)),
          metricInfo(metric).title, Color::Quant},
         {tr("Rank"), rank > 0 ? tr("%1 of %2").arg(rank).arg(measured) : QString(QChar(0x2013)), tr("1 suffers most"),
          Color::Text},
         {tr("SQNR at W%1").arg(bits),
          metricText(metricInfo(QStringLiteral("sqnr_db")), facts.errorOf(bits, QStringLiteral("sqnr_db"))),
          tr("dB, of the output"), Color::Text},
         {tr("Oscillating"), formatPercent(facts.oscillation), tr("peak %1").arg(formatPercent(facts.oscillationPeak)),
          Color::Text}});
    m_plan->setFacts(planFacts(facts.plan));
    m_errors->setFacts(errorFacts(facts, bits));
    m_errors->setVisible(!facts.error.empty());
    m_changes->setFacts(changeFacts(facts));
    m_changes->setVisible(!facts.repair.values.empty() || !facts.correction.values.empty());
    m_identity->setFacts(identityFacts(facts));
}

void LayerInspector::showLayer(const std::vector<LayerFacts>& layers, LayerId id, int bits, const QString& metric) {
    const auto found = std::find_if(layers.begin(), layers.end(), [id](const LayerFacts& l) { return l.id == id; });
    m_stack->setCurrentIndex(id == kNoLayer || found == layers.end() ? 0 : 1);
    if (m_stack->currentIndex() == 1) fill(layers, *found, bits, metric);
}

}  // namespace qat::ui
