// The modules that tables of layers name, a row each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/layout.h"
#include "models/module_builder.h"

namespace qat {

// A row of a table, ready to be built.
struct ModuleCall {
    ModuleBuilder& b;
    const Layout& layout;
    std::string name;                      // model.4
    std::vector<std::vector<ValueId>> in;  // what each source made; several maps of CBLinear only
    int64_t channels = 0;                  // of what is made, scaled; of modules that have no say in it those of x
    int64_t repeats = 1;                   // inside
    std::vector<LayoutArg> args;           // after the channels
    std::string place{};                   // row 4, QuantConv

    ValueId x() const { return in.front().front(); }
    double number(size_t index, double missing) const;
    bool flag(size_t index, bool missing) const { return number(index, missing ? 1 : 0) != 0; }
    int64_t whole(size_t index, int64_t missing) const;
    // Empty without one.
    std::vector<int64_t> wholes(size_t index) const;
};

// Channels, kernel, stride and padding, which begin the arguments of convolutions. Throws Error{BadInput} for sizes
// that none has.
ConvSpec convSpec(const ModuleCall& call);

using Maps = std::vector<ValueId>;

enum class ModuleKind {
    Layer,    // its first argument is the number of channels, which the scale changes
    Repeats,  // the same, and it repeats itself inside; others are repeated one after another
    Plain,    // the channels follow from its sources
    Head      // it makes the outputs
};

struct ModuleRow {
    std::string_view name;
    ModuleKind kind;
    Maps (*build)(const ModuleCall& call);  // null of heads of detectors; of those of classifiers it makes the logits
};

// Null of a name that is none.
const ModuleRow* moduleNamed(std::string_view name);

// Why a module that others have is not here; empty of those that are and of names that nobody has.
std::string_view whyNotBuilt(std::string_view name);

// Whether a head below this module has the older class branch of plain convolutions (Ultralytics before YOLO11).
bool endsLegacyHeads(std::string_view module);

}  // namespace qat
