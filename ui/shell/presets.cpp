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

QString presetText(const char* text) {
    return QCoreApplication::translate("Presets", text);
}

}  // namespace

const QList<Preset>& presets() {
    static const QList<Preset> all{
        {QStringLiteral("w8a8"), QStringLiteral("w8a8"), 8, 8, presetText("Eight bit everywhere, the usual deployment"),
         presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("w8a8_tensorrt"), QStringLiteral("w8a8 TensorRT"), 8, 8,
         presetText("Eight bit, quantized after activations"), presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("w4a8"), QStringLiteral("w4a8"), 4, 8, presetText("Four-bit weights that learn their steps"),
         presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("w4a16"), QStringLiteral("w4a16"), 4, 16,
         presetText("Four-bit weights, sixteen-bit activations"), presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("w4a4"), QStringLiteral("w4a4"), 4, 4, presetText("Four bit everywhere; the hardest to train"),
         presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("ema"), QStringLiteral("w4a8 + EMA"), 4, 8,
         presetText("Averaged weights and steps, decay 0.999"), presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("ema_qc"), QStringLiteral("w4a16 + EMA + QC"), 4, 16,
         presetText("Averaged weights, then a correction a channel"), presetText("Calibrate, QAT, QC, evaluate")},
        {QStringLiteral("oscillation_freezing"), QStringLiteral("w4a4 + freezing"), 4, 4,
         presetText("Weights that swing are held on their code"), presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("mixed"), QStringLiteral("mixed"), 4, 8, presetText("Bottlenecks at 4 bit, the rest at 8"),
         presetText("Sensitivity, calibrate, QAT")},
        {QStringLiteral("yolov10_w4a16"), QStringLiteral("YOLOv10 w4a16 + EMA + QC"), 4, 16,
         presetText("Four-bit weights alone, both heads"), presetText("Calibrate, QAT, QC, evaluate")},
        {QStringLiteral("yolov10_w4a8"), QStringLiteral("YOLOv10 w4a8"), 4, 8,
         presetText("Four-bit weights that learn their steps, both heads"), presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("yolov10_w8a16"), QStringLiteral("YOLOv10 w8a16"), 8, 16,
         presetText("Eight-bit weights alone, both heads"), presetText("Calibrate, evaluate")},
        {QStringLiteral("yolov10_w8a8"), QStringLiteral("YOLOv10 w8a8"), 8, 8,
         presetText("Eight bit everywhere, both heads"), presetText("Calibrate, QAT, evaluate")},
        {QStringLiteral("distillation_entropy"), QStringLiteral("w8a8 + teacher"), 8, 8,
         presetText("Entropy ranges; learns from a float network"), presetText("Calibrate, distil, evaluate")},
    };
    return all;
}

QString presetText(const QString& key) {
    registerPresets();
    QFile file(QStringLiteral(":/presets/%1.yaml").arg(key));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

}  // namespace qat::ui
