// Placement findings as the window lists them: one row a rule, with the places it concerns.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include "session/placement.h"
#include "style/chip.h"

namespace qat::ui {

struct PlacementRule {
    QString name, sentence;
    PlacementCost cost = PlacementCost::Note;
    QStringList runtimes;  // that say so, by name
    QStringList places;    // nodes and tensors, execution order
};

// Costliest rules first. What both runtimes say in the same words is one rule.
std::vector<PlacementRule> rulesOf(const PlacementReport& report);

// How many rules have this cost.
int countRules(const std::vector<PlacementRule>& rules, PlacementCost cost);

// The runtimes that refuse nothing and run nothing slower: notes only, or no rule at all.
QStringList clearRuntimes(const std::vector<PlacementRule>& rules);

// Every layer the places stand at, each once, in the order of the places.
QStringList layersAt(const PlacementReport& report, const QStringList& places);

// "refused" in red, "slower" in amber, "note" in grey.
Chip costChip(PlacementCost cost);
// The same with a number in front: "2 slower".
Chip costChip(PlacementCost cost, int count);

}  // namespace qat::ui
