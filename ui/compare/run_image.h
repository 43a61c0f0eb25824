// An image of a run in Qt's terms: what the pictures and lists of Compare show.
#pragma once

#include <QRectF>
#include <QString>
#include <QVector>

#include "runs/event.h"

namespace qat::ui {

struct RunBox {
    QRectF box;  // pixels of the original image
    double score = 1;
    int classIndex = 0;
    QString name;
};

struct RunImage {
    QString path;     // as written: absolute, or relative to the run folder
    QString preview;  // relative to the run folder, may be empty
    QString stage;    // "ptq", "qat", "qc" or ""
    int width = 0, height = 0;
    QVector<RunBox> fp32, quantized, labels;
};

RunImage runImage(const ImageEvent& told);

}  // namespace qat::ui
