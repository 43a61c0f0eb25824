// How the table of fields is written: a row names a member, and its type says the rest.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/fields.h"

namespace qat {

// What a row adds to what the member's type already says.
struct Limits {
    double minimum = 0, maximum = 0;
    std::vector<std::string> choices;
    bool isPath = false;
    std::string pattern{}, patternName{};  // as in ConfigField
};
inline Limits within(double minimum, double maximum) {
    return {minimum, maximum, {}, false};
}
inline Limits oneOf(std::vector<std::string> choices) {
    return {0, 0, std::move(choices), false};
}
inline Limits oneOf(std::vector<std::string> choices, std::string pattern, std::string patternName) {
    return {0, 0, std::move(choices), false, std::move(pattern), std::move(patternName)};
}
inline Limits path() {
    return {0, 0, {}, true};
}

template <auto First, auto... Rest>
auto& member(auto& object) {
    if constexpr (sizeof...(Rest) == 0) {
        return object.*First;
    } else {
        return member<Rest...>(object.*First);
    }
}

template <class Root>
class Rows {
public:
    std::vector<FieldRow<Root>> list;

    template <auto... Members>
    void add(std::string path, std::string label, std::string help, Limits limits = {}) {
        FieldRow<Root> row;
        row.slot = [](Root& root) -> Slot { return &member<Members...>(root); };
        Root defaults;
        const Slot slot = row.slot(defaults);
        describeSlot(slot, row.info);
        if (!limits.choices.empty()) row.info.choices = std::move(limits.choices);
        if (row.info.kind == ConfigField::Kind::Text && !row.info.choices.empty())
            row.info.kind = ConfigField::Kind::Choice;
        if (limits.isPath) row.info.kind = ConfigField::Kind::Path;
        row.info.pattern = std::move(limits.pattern);
        row.info.patternName = std::move(limits.patternName);
        row.info.minimum = limits.minimum;
        row.info.maximum = limits.maximum;
        row.info.section = path.substr(0, path.find('.'));
        row.info.path = std::move(path);
        row.info.label = std::move(label);
        row.info.help = std::move(help);
        if (const auto values = slotValues(slot)) row.info.defaultValue = plainForm(row.info, *values);
        list.push_back(std::move(row));
    }
};

// Rows of one section each, in the order of the file.
void addModel(Rows<Config>& rows);
void addQuantization(Rows<Config>& rows);
void addCalibrationSection(Rows<Config>& rows);
void addQatParams(Rows<Config>& rows);
void addDistillation(Rows<Config>& rows);
void addTrain(Rows<Config>& rows);
void addAnalysis(Rows<Config>& rows);
void addExport(Rows<Config>& rows);
void addData(Rows<Config>& rows);
void addRun(Rows<Config>& rows);
void addSensitivity(Rows<Config>& rows);
void addMixedPrecision(Rows<Config>& rows);
void addRepair(Rows<Config>& rows);
void addEma(Rows<Config>& rows);
void addOscillation(Rows<Config>& rows);
void addQc(Rows<Config>& rows);
void addGate(Rows<Config>& rows);

}  // namespace qat
