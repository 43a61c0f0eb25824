// Matching and average precision of 5000 images with 100 detections each, 80 classes.
#include <memory>

#include "base/random.h"
#include "benches.h"
#include "eval/coco.h"
#include "eval/metrics.h"

namespace qat::bench {
namespace {

constexpr int kScoredImages = 5000, kDetections = 100, kClasses = 80;
constexpr double kSide = 640;

Box randomBox(Random& random) {
    const double width = random.uniform(8, 250), height = random.uniform(8, 250);
    const double x = random.uniform(0, kSide - width), y = random.uniform(0, kSide - height);
    return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + width),
            static_cast<float>(y + height)};
}

// Each edge moved by up to a tenth of the box's size.
Box moved(Random& random, Box box) {
    const float width = box[2] - box[0], height = box[3] - box[1];
    for (size_t i = 0; i < 4; ++i) box[i] += static_cast<float>(random.uniform(-0.1, 0.1)) * (i % 2 ? height : width);
    return box;
}

// Up to 15 objects, three detections near each, and false alarms: what a validation run keeps.
EvaluatedImage randomImage(Random& random) {
    EvaluatedImage image;
    for (int64_t n = random.below(16); n > 0; --n) {
        image.labels.push_back({randomBox(random), static_cast<int32_t>(random.below(kClasses))});
        const LabelBox& label = image.labels.back();
        for (int copy = 0; copy < 3; ++copy)
            image.detections.push_back(
                {moved(random, label.box), static_cast<float>(random.uniform()), label.classIndex});
    }
    while (image.detections.size() < kDetections)
        image.detections.push_back({randomBox(random), static_cast<float>(0.5 * random.uniform()),
                                    static_cast<int32_t>(random.below(kClasses))});
    random.shuffle(image.detections);
    return image;
}

std::vector<EvaluatedImage> scene() {
    Random random(7);
    std::vector<EvaluatedImage> images;
    for (int i = 0; i < kScoredImages; ++i) images.push_back(randomImage(random));
    return images;
}

Work ultralytics() {
    const auto images = std::make_shared<std::vector<EvaluatedImage>>(scene());
    return [images] { ultralyticsMetrics(*images, kClasses); };
}

Work coco() {
    const auto images = std::make_shared<std::vector<CocoImage>>();
    for (const EvaluatedImage& image : scene()) images->push_back(cocoImage(image));
    return [images] { cocoMetrics(*images, kClasses); };
}

}  // namespace

void benchMetrics(const Settings& settings, Table& table) {
    compare(settings, {1, 7},
            {{"metrics.ultralytics.5000_images", "", {}, ultralytics}, {"metrics.coco.5000_images", "", {}, coco}},
            table);
}

}  // namespace qat::bench
