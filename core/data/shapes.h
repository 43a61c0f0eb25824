// The built-in data set: drawn pictures of six kinds of shapes, the same on every machine, of any number and size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "data/dataset.h"

namespace qat {

struct ShapesOptions {
    int64_t train = 2000, val = 200;  // pictures per split; test has as many as val
    int size = 160;                   // side in pixels
    uint64_t seed = 0;
};

// "shapes[:key=value,...]" with the keys train, val, size and seed. Throws Error{BadInput} naming the key.
ShapesOptions parseShapesSpec(std::string_view spec);

std::shared_ptr<const Dataset> openShapes(std::string_view spec, DataSplit split, LabelKind kind = LabelKind::Boxes);

// Disc, ring, square, triangle, cross and star, the classes in this order.
inline constexpr int kShapeClasses = 6;
const char* shapeName(int classIndex);

// Picture `index` of a split with its labels: it depends on these three and the side alone, so any picture can be drawn
// at any time by anyone. Every labelled object is mostly visible and every object is labelled.
Sample drawShapes(uint64_t seed, DataSplit split, int64_t index, int size);

// The same with one shape, which fills a third to nine tenths of the side; the classes come by turns.
Sample drawOneShape(uint64_t seed, DataSplit split, int64_t index, int size);

}  // namespace qat
