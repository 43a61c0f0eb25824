// From corners to rectangles.
#include "compare/run_image.h"

#include "feed/run_data.h"

namespace qat::ui {
namespace {

RunBox runBox(const FoundBox& found) {
    const auto [x1, y1, x2, y2] = found.box;
    return {QRectF(QPointF(x1, y1), QPointF(x2, y2)).normalized(), found.score, found.classIndex, qtext(found.name)};
}

RunBox runBox(const LabelledBox& label) {
    return runBox(FoundBox{label.classIndex, label.name, 1, label.box});
}

template <class Boxes>
QVector<RunBox> runBoxes(const Boxes& told) {
    QVector<RunBox> boxes;
    for (const auto& box : told) boxes.push_back(runBox(box));
    return boxes;
}

}  // namespace

RunImage runImage(const ImageEvent& told) {
    return {qtext(told.image), qtext(told.preview), qtext(told.stage),        told.width,
            told.height,       runBoxes(told.fp32), runBoxes(told.quantized), runBoxes(told.labels)};
}

}  // namespace qat::ui
