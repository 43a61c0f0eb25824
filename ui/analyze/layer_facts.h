// One line about every layer of a run: what it is, how it is quantized, how much it suffers.
#pragma once

#include <map>
#include <vector>

#include "charts/heat_map.h"
#include "charts/rank_bars.h"
#include "document/selection_hub.h"
#include "feed/run_data.h"

namespace qat::ui {

struct LayerFacts {
    LayerId id = kNoLayer;
    QString name;
    LayerInfo plan;                                  // empty name: layers.json does not know it
    bool isOutput = false;                           // an output of the head: it has an error but is no layer
    std::map<int, LayerMetrics> sensitivity, error;  // by weight bits; error of the newest stage
    LayerMetrics repair, correction;                 // of the stages of these names; empty = they did not run
    double oscillation = 0;                          // newest share; NaN = none
    double oscillationPeak = 0;
    // NaN when the metric was not measured.
    double sensitivityOf(int bits, const QString& metric) const;
    double errorOf(int bits, const QString& metric) const;
};

// Layers in execution order, then the outputs of the head. Gives every layer its number in the hub.
std::vector<LayerFacts> collectLayers(const RunData& data, SelectionHub& hub);

// Without the outputs of the head.
std::vector<LayerFacts> layersOnly(const std::vector<LayerFacts>& all);

// Names of metrics that occur in a table, in the choosers' order.
QStringList metricsOf(const RunData& data, std::string_view table);

// 1 = worst; 0 = the layer has no value. Not finite values have no rank.
int rankOf(const std::vector<LayerFacts>& layers, LayerId id, int bits, const QString& metric);

std::vector<RankBar> sensitivityBars(const std::vector<LayerFacts>& layers, int bits, const QString& metric);
std::vector<RankBar> errorBars(const std::vector<LayerFacts>& layers, int bits, const QString& metric);
HeatData oscillationMap(const RunData& data, const std::vector<LayerFacts>& layers);

}  // namespace qat::ui
