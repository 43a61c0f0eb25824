// The parts, each with the settings that turn it on and off.
#include "session/methods.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "config/derived.h"
#include "config/names.h"

namespace qat {
namespace {

constexpr const char* kUntrained = "ptq";

struct Part {
    const char* name;
    bool (*isOn)(const Config&);
    Overrides (*settings)(const Config&, bool on);
};

std::string yesNo(bool on) {
    return on ? "true" : "false";
}

// A strength of the configuration where it has any.
std::string strength(bool on, double configured, double published) {
    return on ? str(configured > 0 ? configured : published) : "0";
}

const std::array kParts{
    Part{kUntrained, [](const Config& c) { return c.train.epochs == 0 && c.train.quantize; },
         [](const Config&, bool on) {
             return on ? Overrides{{"train_params.epochs", "0"}} : Overrides{};
         }},
    Part{"ema", [](const Config& c) { return c.ema.enabled; },
         [](const Config&, bool on) {
             return Overrides{{"ema.enabled", yesNo(on)}};
         }},
    Part{"qc", [](const Config& c) { return c.qc.enabled; },
         [](const Config&, bool on) {
             return Overrides{{"qc.enabled", yesNo(on)}};
         }},
    Part{"freezing", [](const Config& c) { return c.oscillation.freeze.enabled(); },
         [](const Config& c, bool on) {
             return Overrides{{"oscillation.freeze.threshold", strength(on, c.oscillation.freeze.threshold, 0.01)}};
         }},
    Part{"dampening", [](const Config& c) { return c.oscillation.dampen.enabled(); },
         [](const Config& c, bool on) {
             return Overrides{{"oscillation.dampen.weight", strength(on, c.oscillation.dampen.weight, 0.1)},
                              {"oscillation.dampen.start_weight", strength(on && c.oscillation.dampen.startWeight > 0,
                                                                           c.oscillation.dampen.startWeight, 0)}};
         }},
    Part{"bn_reestimation", [](const Config& c) { return reestimatesNorms(c); },
         [](const Config& c, bool on) {
             require(!on || !c.qat.fuseModules, ErrorKind::BadInput,
                     "bn_reestimation needs qat_params.fuse_modules: false, for all methods that are compared");
             return Overrides{{"oscillation.bn_reestimation", strength(on, c.oscillation.bnReestimation, 50)}};
         }},
    Part{"distillation", [](const Config& c) { return wantsDistillation(c); },
         [](const Config&, bool on) {
             return Overrides{{"distillation.enabled", yesNo(on)}, {"qat_params.use_distillation", yesNo(on)}};
         }},
};

bool worksUntrained(const std::string& part) {
    return part == kUntrained || part == "qc";
}

std::vector<std::string> partNames() {
    std::vector<std::string> names{"baseline"};
    for (const Part& part : kParts) names.emplace_back(part.name);
    return names;
}

std::vector<std::string> split(const std::string& method) {
    std::vector<std::string> parts;
    for (size_t at = 0; at <= method.size();) {
        const size_t end = std::min(method.find('+', at), method.size());
        parts.push_back(method.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

void checkParts(const std::string& method, const std::vector<std::string>& parts) {
    const std::vector<std::string> names = partNames();
    for (const std::string& part : parts) {
        const std::string meant = closestName(part, names);
        require(std::ranges::find(names, part) != names.end(), ErrorKind::BadInput, "method ", method,
                ": there is no part ", part, meant.empty() ? "" : " (did you mean " + meant + "?)");
        require(std::ranges::count(parts, part) == 1, ErrorKind::BadInput, "method ", method, " names ", part,
                " twice");
    }
    require(parts.size() == 1 || std::ranges::find(parts, "baseline") == parts.end(), ErrorKind::BadInput, "method ",
            method, ": baseline is what has no parts");
    const bool untrained = std::ranges::find(parts, kUntrained) != parts.end();
    for (const std::string& part : parts)
        require(!untrained || worksUntrained(part), ErrorKind::BadInput, "method ", method, ": ", part,
                " is a way of training, which ", kUntrained, " leaves out");
}

}  // namespace

Overrides methodOverrides(const std::string& method, const Config& base) {
    const std::vector<std::string> parts = split(method);
    checkParts(method, parts);
    Overrides all;
    for (const Part& part : kParts) {
        const bool on = std::ranges::find(parts, part.name) != parts.end();
        const Overrides settings = part.settings(base, on);
        all.insert(all.end(), settings.begin(), settings.end());
    }
    return all;
}

bool trains(const std::string& method) {
    const std::vector<std::string> parts = split(method);
    return std::ranges::find(parts, kUntrained) == parts.end();
}

std::string methodPartNames() {
    std::string text;
    for (const Part& part : kParts) text += (text.empty() ? "" : ", ") + std::string(part.name);
    return text;
}

std::string methodName(const Config& config) {
    std::string name;
    const bool untrained = kParts.front().isOn(config);
    for (const Part& part : kParts)
        if (part.isOn(config) && (!untrained || worksUntrained(part.name)))
            name += (name.empty() ? "" : "+") + std::string(part.name);
    return name.empty() ? "baseline" : name;
}

}  // namespace qat
