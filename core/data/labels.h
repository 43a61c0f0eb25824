// Reading of YOLO label files: one row per object, boxes or polygons.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace qat {

// Where the labels of a picture are: the last "/images/" of its absolute path becomes "/labels/", the ending ".txt";
// without such a folder, beside the picture.
fs::path labelPathOf(const fs::path& imagePath);

struct LabelReading {
    std::vector<ObjectLabel> labels;  // empty where there is a problem
    std::string problem;              // one sentence naming file and line; empty if all is well
    std::string doubt;                // one that may be a mistake, though it is read; empty if there is none
};

// Rows are "class x y w h" with values in 0..1; what is outside by a hundredth at most, as conversions leave it, is
// moved to the edge, but a width or height below 0 is a problem. If any row has more than six values, all rows are
// polygons "class x1 y1 x2 y2 ..." and become their bounding boxes, as in common trainers; a row of five values among
// them is then two points, which is a doubt. Repeated rows are dropped, which is one too, and only then the rows end up
// sorted. A missing file means no objects, a link to nothing is a problem. Throws Error{BadInput} naming file and line
// for a class that is not below numClasses (0: not known, any class up to 65535 will do). Where keypointNumbers numbers
// of key points follow a box, rows are boxes with these behind them, which are passed over.
LabelReading readLabels(const fs::path& file, int64_t numClasses, int64_t keypointNumbers = 0);

}  // namespace qat
