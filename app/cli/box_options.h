// The options that say how boxes are found: the same of every command that finds some.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "eval/post_processing.h"
#include "session/model_source.h"

namespace qat::cli {

struct BoxChoice {
    std::string head{kAutoHead};
    std::optional<double> conf, iou;  // else those of the model's family
    bool agnostic = false;

    NmsOptions over(NmsOptions options) const {
        if (conf) options.conf = static_cast<float>(*conf);
        if (iou) options.iou = *iou;
        options.agnostic = agnostic;
        return options;
    }
};

inline void addHeadOption(CLI::App& command, std::string& head) {
    command.add_option("--head", head, "Of two heads: auto (what the family or the run deploys), one2many, one2one")
        ->capture_default_str()
        ->check(CLI::IsMember({std::string(kAutoHead), std::string(kOneToMany), std::string(kOneToOne)}));
}

// conf, iou: what stands in the help for what the family does.
inline void addBoxOptions(CLI::App& command, BoxChoice& choice, const std::string& conf, const std::string& iou) {
    addHeadOption(command, choice.head);
    command.add_option("--conf", choice.conf, "Smallest score")->default_str(conf)->check(CLI::Range(0.0, 1.0));
    command.add_option("--iou", choice.iou, "Overlap above which the weaker box goes; one2one heads have no such rule")
        ->default_str(iou)
        ->check(CLI::Range(0.0, 1.0));
    command.add_flag("--agnostic", choice.agnostic,
                     "Boxes of different classes count as one object where they overlap");
}

}  // namespace qat::cli
