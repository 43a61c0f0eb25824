// What a run began with, kept in its folder, so that a resumed one does not go on with something else.
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

// Keeps the inputs in checkpoint/data.json of a folder that does not know any; else requires that they are those it
// knows. A folder of a version that did not keep them keeps them from now on. Returns a sentence where they could not
// be compared although stages were finished, "" otherwise. Throws Error{BadInput} naming the run and what is not the
// same, or that the file is damaged.
std::string holdToInputs(const RunFolder& folder, const Config& config, const RunInputs& inputs);

// The table of layers that model.architecture names, kept in the folder so that the run needs the file no more.
// holdToTable() requires of a file that is still there that it says what the run began with, keepTable() keeps what
// could be built. Nothing happens where the configuration names a family. Throw Error{BadInput} naming run and file.
void holdToTable(const RunFolder& folder, const Config& config);
void keepTable(const RunFolder& folder, const Config& config);

}  // namespace qat
