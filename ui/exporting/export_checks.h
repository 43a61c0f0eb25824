// What came of running exported files: as a run's summary tells it, and as the window keeps it beside files it
// exported.
#pragma once

#include <QHash>
#include <QString>
#include <QVector>

#include "feed/run_data.h"

namespace qat::ui {

// By name of the files in the folder `out`. source: the run folder or model file they are exports of. A file that was
// written after its check counts as not checked.
QHash<QString, RunExport> storedChecks(const QString& source, const QString& out);

// Keeps the checks in export_checks.json beside the files. "" or one sentence about why that failed.
QString storeChecks(const QString& out, const QVector<RunExport>& files);

// Whether the name is that of the window's own file.
bool isCheckFile(const QString& name);

}  // namespace qat::ui
