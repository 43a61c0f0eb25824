// A Conv has a norm `bn` and an activation `act`, and so has what has two branches.
#include "session/stored_styles.h"

#include "base/error.h"
#include "base/text.h"
#include "models/stored_style.h"

namespace qat {
namespace {

double numberOf(const StoredModule& module, const std::string& name, double missing) {
    const auto found = module.numbers.find(name);
    return found == module.numbers.end() ? missing : found->second;
}

void takeActivation(const StoredModule& module, ConvStyle& style) {
    if (module.className.ends_with(".Identity")) {
        style.plain = true;
        return;
    }
    const auto kind = activationOfClass(module.className);
    require(kind.has_value(), ErrorKind::BadInput, "module ", inQuotes(module.path), ": the activation ",
            module.className, " is not known");
    style.activation = Activation{*kind};
    if (*kind == ActivationKind::LeakyRelu) style.activation->slope = numberOf(module, "negative_slope", 0.01);
}

void takeNorm(const StoredModule& module, ConvStyle& style) {
    style.eps = numberOf(module, "eps", style.eps);
    style.momentum = numberOf(module, "momentum", style.momentum);
}

}  // namespace

ConvStyles stylesIn(const Checkpoint& checkpoint) {
    ConvStyles styles;
    for (const StoredModule& module : checkpoint.modules) {
        const size_t dot = module.path.rfind('.');
        if (dot == std::string::npos) continue;
        const std::string owner = module.path.substr(0, dot), part = module.path.substr(dot + 1);
        if (part == "act") {
            takeActivation(module, styles[owner]);
            takeActivation(module, styles[module.path]);
        } else if (part == "bn") {
            takeNorm(module, styles[owner]);
        }
    }
    return styles;
}

}  // namespace qat
