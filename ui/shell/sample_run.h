// The finished run that the sample brings along.
#pragma once

#include <QString>

namespace qat::ui {

// Writes the built-in run folder to the user's data folder, unless it is there already, and returns where it is. Its
// files are read-only. On failure `trouble` is one sentence, else "".
QString unpackSampleRun(QString& trouble);

}  // namespace qat::ui
