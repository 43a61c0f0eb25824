// The pictures of seed 0.
#include "session/drawn_data.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "base/files.h"
#include "data/shapes.h"

namespace qat::test {

std::filesystem::path writeDrawnData(const std::filesystem::path& folder, int train, int val) {
    for (const auto& [split, count] : {std::pair("train", train), {"val", val}}) {
        const auto images = folder / "images" / split, labels = folder / "labels" / split;
        std::filesystem::create_directories(images);
        std::filesystem::create_directories(labels);
        for (int i = 0; i < count; ++i) {
            const Sample sample = drawShapes(0, splitNamed(split), i, 64);
            EXPECT_TRUE(cv::imwrite((images / str(i, ".png")).string(), sample.image));
            std::string rows;
            for (const ObjectLabel& l : sample.labels)
                rows += str(l.classIndex, " ", l.x, " ", l.y, " ", l.w, " ", l.h, "\n");
            writeFileAtomic(labels / str(i, ".txt"), rows);
        }
    }
    writeFileAtomic(folder / "data.yaml",
                    "train: images/train\nval: ../images/val\nnames: [disc, ring, square, triangle, cross, star]\n");
    return folder / "data.yaml";
}

void spoilPixels(const std::filesystem::path& png) {
    std::string bytes = readFile(png);
    const size_t inside = bytes.find("IDAT") + 9;
    bytes[inside] = static_cast<char>(bytes[inside] ^ 0x55);
    writeFileAtomic(png, bytes);
}

}  // namespace qat::test
