// Groups the findings and names the costs.
#include "configure/placement_rules.h"

#include <QCoreApplication>
#include <algorithm>

namespace qat::ui {
namespace {

QString placementText(const char* text) {
    return QCoreApplication::translate("Placement", text);
}

QString nameOf(Runtime runtime) {
    return runtime == Runtime::TensorRt ? QStringLiteral("TensorRT") : QStringLiteral("ONNX Runtime");
}

PlacementRule& ruleOf(std::vector<PlacementRule>& rules, const PlacementFinding& finding) {
    const QString sentence = QString::fromStdString(finding.sentence);
    for (PlacementRule& rule : rules)
        if (rule.sentence == sentence && rule.cost == finding.cost) return rule;
    return rules.emplace_back(PlacementRule{QString::fromStdString(finding.rule), sentence, finding.cost, {}, {}});
}

void addOnce(QStringList& list, const QString& item) {
    if (!list.contains(item)) list.append(item);
}

}  // namespace

std::vector<PlacementRule> rulesOf(const PlacementReport& report) {
    std::vector<PlacementRule> rules;
    for (const PlacementFinding& finding : report.findings) {
        PlacementRule& rule = ruleOf(rules, finding);
        addOnce(rule.runtimes, nameOf(finding.runtime));
        addOnce(rule.places, QString::fromStdString(finding.node));
    }
    std::ranges::stable_sort(rules, {}, &PlacementRule::cost);
    return rules;
}

int countRules(const std::vector<PlacementRule>& rules, PlacementCost cost) {
    return static_cast<int>(std::ranges::count(rules, cost, &PlacementRule::cost));
}

QStringList clearRuntimes(const std::vector<PlacementRule>& rules) {
    QStringList clear{nameOf(Runtime::TensorRt), nameOf(Runtime::OnnxRuntime)};
    for (const PlacementRule& rule : rules)
        if (rule.cost != PlacementCost::Note)
            for (const QString& runtime : rule.runtimes) clear.removeAll(runtime);
    return clear;
}

QStringList layersAt(const PlacementReport& report, const QStringList& places) {
    QStringList layers;
    for (const QString& place : places) {
        const auto found = report.layersAt.find(place.toStdString());
        if (found == report.layersAt.end()) continue;
        for (const std::string& layer : found->second) addOnce(layers, QString::fromStdString(layer));
    }
    return layers;
}

Chip costChip(PlacementCost cost) {
    switch (cost) {
        case PlacementCost::Refused:
            return {placementText("refused"), ChipKind::Error, QStringLiteral("error")};
        case PlacementCost::Slower:
            return {placementText("slower"), ChipKind::Warning, QStringLiteral("warning")};
        case PlacementCost::Note:
            break;
    }
    return {placementText("note"), ChipKind::Neutral, QStringLiteral("info")};
}

Chip costChip(PlacementCost cost, int count) {
    Chip chip = costChip(cost);
    chip.text = QStringLiteral("%1 %2").arg(count).arg(chip.text);
    return chip;
}

}  // namespace qat::ui
