// The list of presets; their texts are resources.
#include "shell/presets.h"

#include <QCoreApplication>
#include <QFile>

// Resources of a static library are only registered when asked for; the macro does not work inside a namespace.
static void registerPresets() {
    Q_INIT_RESOURCE(presets);
}

namespace qat::ui {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("Presets", text);
}

}  // namespace

const QList<Preset>& presets() {
    static const QList<Preset> all{
        {QStringLiteral("w8a8"), QStringLiteral("w8a8"), 8, 8, tr("Eight bit everywhere, the usual deployment"),
         tr("Calibrate, QAT, evaluate")},
        {QStringLiteral("w8a8_tensorrt"), QStringLiteral("w8a8 TensorRT"), 8, 8, tr("Eight bit, quantized behind activations"),
         tr("Calibrate, QAT, evaluate")},
        {QStringLiteral("w4a8"), QStringLiteral("w4a8"), 4, 8, tr("Four-bit weights that learn their steps"),
         tr("Calibrate, QAT, evaluate")},
        {QStringLiteral("w4a16"), QStringLiteral("w4a16"), 4, 16, tr("Four-bit weights, sixteen-bit activations"),
         tr("Calibrate, QAT, evaluate")},
        {QStringLiteral("w4a4"), QStringLiteral("w4a4"), 4, 4, tr("Four bit everywhere; the hardest to train"),
         tr("Calibrate, QAT, evaluate")},
        {QStringLiteral("ema"), QStringLiteral("w4a8 + EMA"), 4, 8, tr("Averaged weights and steps, decay 0.999"),
         tr("Calibrate, QAT, evaluate")},
        {QStringLiteral("ema_qc"), QStringLiteral("w4a16 + EMA + QC"), 4, 16, tr("Averaged weights, then a correction a channel"),
         tr("Calibrate, QAT, QC, evaluate")},
        {QStringLiteral("oscillation_freezing"), QStringLiteral("w4a4 + freezing"), 4, 4,
         tr("Weights that swing are held on their code"), tr("Calibrate, QAT, evaluate")},
        {QStringLiteral("mixed"), QStringLiteral("mixed"), 4, 8, tr("Bottlenecks at 4 bit, the rest at 8"),
         tr("Sensitivity, calibrate, QAT")},
        {QStringLiteral("distillation_entropy"), QStringLiteral("w8a8 + teacher"), 8, 8, tr("Entropy ranges; learns from a float network"),
         tr("Calibrate, distil, evaluate")},
    };
    return all;
}

QString presetText(const QString& key) {
    registerPresets();
    QFile file(QStringLiteral(":/presets/%1.yaml").arg(key));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

}  // namespace qat::ui
