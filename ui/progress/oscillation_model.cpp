// Collects the oscillation table of a run by layer.
#include "progress/oscillation_model.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "widgets/format.h"

namespace qat::ui {

namespace {

std::vector<TableColumn<OscillatingLayer>> oscillationColumns() {
    return {{OscillationModel::tr("Layer"),
             {},
             [](const OscillatingLayer& row) { return row.name; },
             [](const OscillatingLayer& row) { return row.name; },
             {{CodeRole, [](const OscillatingLayer&) { return true; }}}},
            {OscillationModel::tr("History")},
            {OscillationModel::tr("Oscillating weights"),
             Qt::AlignRight,
             [](const OscillatingLayer& row) { return formatPercent(row.share); },
             [](const OscillatingLayer& row) { return row.share; },
             {},
             Qt::Alignment()}};
}

OscillationModel::Roles oscillationRoles() {
    const auto sentence = [](const OscillatingLayer& row) {
        return OscillationModel::tr("%1: %2 of the weights oscillate").arg(row.name, formatPercent(row.share));
    };
    return {{LayerIdRole, [](const OscillatingLayer& row) { return row.layer; }},
            {HistoryRole, [](const OscillatingLayer& row) { return row.history; }},
            {Qt::ToolTipRole, sentence},
            {Qt::AccessibleTextRole, sentence}};
}

}  // namespace

OscillationModel::OscillationModel(SelectionHub* selection, QObject* parent)
    : ColumnTable(oscillationColumns(), oscillationRoles(), parent), m_selection(selection) {}

void OscillationModel::showRun(const RunData& data, int count) {
    std::map<std::string, std::map<int, double>> byLayer;  // layer -> epoch -> share
    for (const auto& [key, metrics] : data.layerRows)
        if (key.table == tables::kOscillation) byLayer[key.layer][key.epoch] = metrics.value("share");
    std::vector<OscillatingLayer> rows;
    for (const auto& [name, epochs] : byLayer) {
        OscillatingLayer row{m_selection->idOf(qtext(name)), qtext(name), {}, std::prev(epochs.end())->second};
        for (const auto& [epoch, share] : epochs) row.history << share;
        if (std::isfinite(row.share)) rows.push_back(std::move(row));
    }
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
    if (rows.size() > static_cast<size_t>(count)) rows.resize(static_cast<size_t>(count));
    setRows(std::move(rows));
}

}  // namespace qat::ui
