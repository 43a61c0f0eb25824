// What the program knows about itself and the machine, for the welcome page, About, and bug reports.
#pragma once

#include <QList>
#include <QString>

namespace qat::ui {

struct MachineFact {
    QString name, detail;
    bool present = true;  // false: looked for and not found
};

// Cheap to ask; starts no program.
QList<MachineFact> machineFacts();
// The same with versions, one fact a line, in English for a report.
QString diagnosticsText();

}  // namespace qat::ui
