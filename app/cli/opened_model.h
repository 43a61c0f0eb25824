// Opening a model for a command that only looks at it or uses it.
#pragma once

#include <iostream>
#include <string>

#include "session/model_source.h"

namespace qat::cli {

// Says what a run would say: which entries of the file are not used.
inline void noteIgnored(const std::string& model, const std::vector<std::string>& ignored) {
    for (const std::string& entry : ignored)
        std::cerr << "warning: " << model << ": entry " << entry << " is not used\n";
}

// As openModel(), with notes on standard error.
inline OpenedModel openForCommand(const std::string& model) {
    OpenedModel opened = openModel(model);
    noteIgnored(opened.source, opened.ignored);
    return opened;
}

}  // namespace qat::cli
