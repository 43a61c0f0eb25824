// Labels of a batch, checked and sorted by image, in pixels of the network's input.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace qat {

// One labelled object: centre and size as shares of the input's width and height.
struct Label {
    int64_t classId;
    float x, y, w, h;
};

// Rows (image, class, x, y, w, h) of `targets` [M, 6], per image and in their order. Throws BadInput naming the row.
std::vector<std::vector<Label>> labelsByImage(const at::Tensor& targets, int64_t images, int64_t classes);

// The same; corners in pixels of the input.
struct TrueBox {
    int64_t classId;
    float x1, y1, x2, y2;
};

std::vector<std::vector<TrueBox>> boxesByImage(const at::Tensor& targets, int64_t images, int64_t classes,
                                               int64_t inputWidth, int64_t inputHeight);

}  // namespace qat
