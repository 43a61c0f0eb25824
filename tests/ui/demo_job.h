// A configuration to open, and a job of some milliseconds.
#pragma once

#include <QFile>

#include "shell/presets.h"
#include "ui/fake_core.h"

namespace qat::test {

// Two epochs in which nothing goes wrong.
inline void scriptShortJob() {
    FakeScript& script = fakeScript();
    script.epochs = 2;
    script.stepsPerEpoch = 5;
    script.stepMs = 2;
    script.failInTraining = false;
    script.ignoreFinishBatch = false;
    script.gateClosed = false;
}

// False if the file cannot be written.
inline bool writeDemo(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(ui::presetText(QStringLiteral("demo")).toUtf8()) > 0;
}

}  // namespace qat::test
