// Opening what a run folder names: files only. A pipe in the place of a file would make its reader wait for ever.
#pragma once

#include <QFile>

namespace qat::ui {

// Opens the file for reading; false if it is missing, is no regular file, or cannot be opened. `trouble`, if given,
// then says why in half a sentence ("it is not a regular file"), and "" if it is missing.
bool openRegular(QFile& file, const QString& path, QString* trouble = nullptr);

}  // namespace qat::ui
