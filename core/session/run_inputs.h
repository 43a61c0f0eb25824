// What a run began with, kept in checkpoint/data.json, so that a resumed one does not go on with something else.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "session/provenance.h"
#include "session/run_folder.h"

namespace qat {

struct RunInputs {
    DataDigest train, val;
    std::vector<std::string> classNames;  // of the data
    std::string modelSha256;              // of the file training starts from, "" for random weights
};

// Keeps the inputs in a folder that does not know any; else requires that they are those it knows. A folder of a
// version that did not keep them keeps them from now on. Returns a sentence where they could not be compared although
// stages were finished, "" otherwise. Throws Error{BadInput} naming the run and what is not the same, or that the file
// is damaged.
std::string holdToInputs(const RunFolder& folder, const Config& config, const RunInputs& inputs);

}  // namespace qat
