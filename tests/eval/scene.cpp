// Random scenes for the metric tests.
#include "eval/scene.h"

namespace qat::test {

namespace {

Detection detectionOf(Random& random, const SceneOptions& options, const Box& box, int classIndex) {
    const double step = static_cast<double>(random.below(options.scoreSteps) + 1);
    return {box, static_cast<float>(step / options.scoreSteps), classIndex};
}

void addObject(Random& random, const SceneOptions& options, CocoImage& image) {
    CocoLabel label{randomBox(random, options), static_cast<int32_t>(random.below(options.numClasses))};
    label.area = (label.box[2] - label.box[0]) * (label.box[3] - label.box[1]) * random.uniform(0.5, 1.0);
    label.crowd = random.uniform() < options.crowdShare;
    image.labels.push_back(label);
    for (int64_t copies = random.below(4); copies > 0; --copies) {
        const bool confused = random.uniform() < 0.15;
        const auto classIndex = confused ? static_cast<int>(random.below(options.numClasses)) : label.classIndex;
        image.detections.push_back(
            detectionOf(random, options, jittered(random, label.box, 0.2 * random.uniform()), classIndex));
    }
}

}  // namespace

Box randomBox(Random& random, const SceneOptions& options) {
    const double width = random.uniform(options.minSide, options.maxSide);
    const double height = random.uniform(options.minSide, options.maxSide);
    const double x = random.uniform(0, options.side - width), y = random.uniform(0, options.side - height);
    return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + width),
            static_cast<float>(y + height)};
}

Box jittered(Random& random, const Box& box, double share) {
    Box result = box;
    for (size_t i = 0; i < 4; ++i)
        result[i] += static_cast<float>(random.uniform(-share, share)) * (box[i % 2 + 2] - box[i % 2]);
    return result;
}

std::vector<CocoImage> randomScene(uint64_t seed, const SceneOptions& options) {
    Random random(seed);
    std::vector<CocoImage> images(static_cast<size_t>(options.images));
    for (CocoImage& image : images) {
        for (int64_t n = random.below(options.maxLabels + 1); n > 0; --n) addObject(random, options, image);
        for (int64_t n = random.below(options.maxFalseAlarms + 1); n > 0; --n)
            image.detections.push_back(detectionOf(random, options, randomBox(random, options),
                                                   static_cast<int>(random.below(options.numClasses))));
        random.shuffle(image.detections);
    }
    return images;
}

std::vector<EvaluatedImage> withoutAreas(const std::vector<CocoImage>& images) {
    std::vector<EvaluatedImage> result;
    for (const CocoImage& image : images) {
        result.push_back({image.detections, {}});
        for (const CocoLabel& label : image.labels) result.back().labels.push_back({label.box, label.classIndex});
    }
    return result;
}

}  // namespace qat::test
