// Goes by suffixes, and by what a run leaves in its folder.
#include "shell/file_kind.h"

#include <QFileInfo>
#include <QStringList>

namespace qat::ui {
namespace {

bool isRunFolder(const QString& path) {
    return QFileInfo::exists(path + QStringLiteral("/events.jsonl")) ||
           QFileInfo::exists(path + QStringLiteral("/run_summary.json")) ||
           QFileInfo::exists(path + QStringLiteral("/results.csv"));
}

bool isModel(const QString& suffix) {
    return QStringList{QStringLiteral("pt"), QStringLiteral("pth"), QStringLiteral("th"), QStringLiteral("safetensors")}
        .contains(suffix);
}

}  // namespace

KnownFile knownFile(const QString& path) {
    const QFileInfo info(path);
    if (!info.exists()) return {FileKind::Missing, path};
    if (info.isDir()) return {isRunFolder(path) ? FileKind::Run : FileKind::Folder, path};
    const QString suffix = info.suffix().toLower();
    if (suffix == QLatin1String("yaml") || suffix == QLatin1String("yml")) return {FileKind::Config, path};
    // A file of a run's own folder opens the run.
    if ((suffix == QLatin1String("jsonl") || suffix == QLatin1String("json")) && isRunFolder(info.absolutePath()))
        return {FileKind::Run, info.absolutePath()};
    if (suffix == QLatin1String("onnx")) return {FileKind::Onnx, path};
    return {isModel(suffix) ? FileKind::Model : FileKind::Other, path};
}

}  // namespace qat::ui
