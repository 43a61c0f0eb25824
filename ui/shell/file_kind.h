// What a path that was opened or dropped is.
#pragma once

#include <QString>

namespace qat::ui {

enum class FileKind { Missing, Config, Run, Model, Onnx, Folder, Other };

struct KnownFile {
    FileKind kind = FileKind::Missing;
    QString path;  // of a run, its folder, even where a file in it was meant
};

KnownFile knownFile(const QString& path);

}  // namespace qat::ui
