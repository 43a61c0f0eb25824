// Checks the label rows before any arithmetic sees them.
#include "loss/loss_targets.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace qat {
namespace {

constexpr float kFarthest = 1000;  // inputs; beyond it products of pixel sizes lose their meaning in float

// The integer in `value` if it is one of 0 .. count - 1.
int64_t indexOf(float value, int64_t count, int64_t row, const char* what) {
    const bool valid = value >= 0 && value < static_cast<float>(count) && value == std::floor(value);
    require(valid, ErrorKind::BadInput, "target row ", row, " has ", what, " ", value, ", expected one of 0 to ",
            count - 1);
    return static_cast<int64_t>(value);
}

Label readLabel(const float* row, int64_t index, int64_t classes) {
    for (int i = 2; i < 6; ++i)
        require(std::abs(row[i]) <= kFarthest, ErrorKind::BadInput, "target row ", index, " has the box value ", row[i],
                ", expected a fraction of the image");
    require(row[4] >= 0 && row[5] >= 0, ErrorKind::BadInput, "target row ", index, " has a box of negative size ",
            row[4], " x ", row[5]);
    return {indexOf(row[1], classes, index, "class"), row[2], row[3], row[4], row[5]};
}

TrueBox boxOf(const Label& label, float width, float height) {
    const float x = label.x * width, y = label.y * height;
    const float halfWidth = label.w * width / 2, halfHeight = label.h * height / 2;
    return {label.classId, x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight};
}

}  // namespace

std::vector<std::vector<Label>> labelsByImage(const at::Tensor& targets, int64_t images, int64_t classes) {
    std::vector<std::vector<Label>> labels(static_cast<size_t>(images));
    if (!targets.defined() || targets.numel() == 0) return labels;
    require(targets.dim() == 2 && targets.size(1) == 6, ErrorKind::BadInput,
            "targets must have rows of image, class, x, y, w, h");
    const at::Tensor rows = targets.detach().to(at::kCPU, at::kFloat).contiguous();
    const float* row = rows.data_ptr<float>();
    for (int64_t i = 0; i < rows.size(0); ++i, row += 6)
        labels[static_cast<size_t>(indexOf(row[0], images, i, "image"))].push_back(readLabel(row, i, classes));
    return labels;
}

std::vector<std::vector<TrueBox>> boxesByImage(const at::Tensor& targets, int64_t images, int64_t classes,
                                               int64_t inputWidth, int64_t inputHeight) {
    const auto labels = labelsByImage(targets, images, classes);
    std::vector<std::vector<TrueBox>> boxes(labels.size());
    for (size_t image = 0; image < labels.size(); ++image)
        for (const Label& label : labels[image])
            boxes[image].push_back(boxOf(label, static_cast<float>(inputWidth), static_cast<float>(inputHeight)));
    return boxes;
}

}  // namespace qat
