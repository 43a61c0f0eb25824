// The ready-made configurations built into the program.
#pragma once

#include <QList>
#include <QString>

namespace qat::ui {

struct Preset {
    QString key;  // file name without .yaml
    QString name;
    int weightBits, activationBits;
    QString what;    // one phrase
    QString stages;  // one phrase
};

inline const auto kSamplePreset = QStringLiteral("demo");

const QList<Preset>& presets();
// The configuration's text with all its comments; key "demo" is the sample. "" for an unknown key.
QString presetText(const QString& key);

}  // namespace qat::ui
