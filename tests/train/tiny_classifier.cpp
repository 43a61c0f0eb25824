// Built and drawn.
#include "train/tiny_classifier.h"

#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "base/random.h"
#include "base/task_words.h"
#include "data/shapes.h"
#include "models/module_builder.h"

namespace qat::test {
namespace {

constexpr int64_t kClasses = 6;

}  // namespace

Graph tinyClassifier() {
    Graph graph;
    graph.info = {"classifier", "t", kClasses, {}, {}, 0};
    graph.info.task = kClassification.name;
    for (int i = 0; i < kShapeClasses; ++i) graph.info.classNames.emplace_back(shapeName(i));
    Random random(1);
    ModuleBuilder builder(graph, &random);
    ValueId x = graph.addInput("images", {1, 3, -1, -1});
    builder.setChannels(x, 3);
    for (int i = 0; i < 3; ++i) x = builder.conv("model." + std::to_string(i), x, 8 << i, 3, 2);
    x = graph.add("pool", Pool{PoolKind::Max, {8, 8}, {8, 8}, {0, 0}}, {x});
    builder.setChannels(x, 32);
    graph.setOutput("logits", builder.convWithBias("classes", x, kClasses, 1, 0), OutputRole::Decoded);
    return graph;
}

void writeClassFolders(const std::filesystem::path& folder, int64_t train, int64_t val) {
    for (const auto& [split, count] : {std::pair(DataSplit::Train, train), std::pair(DataSplit::Val, val)})
        for (int64_t i = 0; i < count; ++i) {
            const Sample sample = drawShapes(0, split, i, 64);
            const auto largest = std::ranges::max_element(sample.labels, {}, [](const auto& l) { return l.w * l.h; });
            const auto place = folder / splitName(split) / shapeName(largest->classIndex);
            std::filesystem::create_directories(place);
            const std::string number = std::to_string(i);
            cv::imwrite((place / (std::string(3 - std::min<size_t>(number.size(), 3), '0') + number + ".png")).string(),
                        sample.image);
        }
}

}  // namespace qat::test
