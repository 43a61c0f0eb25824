// What a detector's head asks of post-processing, thresholds and parity, and how it is said.
#include "task/detect_task.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "eval/evaluate.h"
#include "task/beside_boxes.h"
#include "task/detect_parity.h"

namespace qat {
namespace {

ModelInfo modelWith(std::string_view head) {
    ModelInfo model;
    model.numClasses = 2;
    model.head = head;
    return model;
}

// Three anchors [1, 6, 3] with the same box: all that suppression keeps is one of a class.
at::Tensor sameBoxes(float first = 0.9f) {
    const at::Tensor decoded = at::zeros({6, 3});
    decoded.slice(0, 0, 2).fill_(32);
    decoded.slice(0, 2, 4).fill_(20);
    decoded[4] = at::tensor({first, 0.8f, 0.7f});
    return decoded;
}

size_t countOf(const ModelInfo& model) {
    ImageInfo info;
    info.width = info.height = 64;
    return detectionsOf(sameBoxes(), info, model, predictOptions(model)).detections.size();
}

std::map<std::string, std::string> wordsOf(const ModelInfo& model) {
    const MeasuringFacts facts = DetectTask().measuring(model, {});
    std::map<std::string, std::string> words(facts.words.begin(), facts.words.end());
    for (const auto& [name, value] : facts.settings) words[name] = std::to_string(value).substr(0, 5);
    return words;
}

TEST(PostProcessing, FollowsTheDeployedHead) {
    EXPECT_EQ(countOf(modelWith(kOneToOne)), 3u);
    EXPECT_EQ(countOf(modelWith(kOneToMany)), 1u);
    EXPECT_EQ(countOf(modelWith("")), 1u);
}

TEST(PostProcessing, ThresholdsAreThoseOfTheFamily) {
    ModelInfo anchored = modelWith("");
    anchored.anchors = {10, 13};
    EXPECT_EQ(predictOptions(anchored).iou, 0.45);
    EXPECT_EQ(validateOptions(anchored).iou, 0.6);
    EXPECT_EQ(predictOptions(anchored).conf, 0.25f);
    EXPECT_EQ(validateOptions(anchored).conf, 0.001f);
    EXPECT_EQ(predictOptions(modelWith("")).iou, 0.7);
    EXPECT_EQ(validateOptions(modelWith("")).iou, 0.7);
    EXPECT_TRUE(validateOptions(anchored).multiLabel);
}

TEST(BesideBoxes, AreSaidNotToBeScored) {
    const auto said = [](const std::vector<std::string>& beside) {
        for (const auto& [name, words] : DetectTask().measuring(modelWith(""), beside).words)
            if (name == "not_scored") return words;
        return std::string();
    };
    EXPECT_EQ(said({"masks", "protos"}), "masks are not scored");
    EXPECT_EQ(said({"keypoints"}), "key points are not scored");
    EXPECT_EQ(said({"angles", "rotated"}), "angles are not scored, boxes are the upright hulls of the turned ones");
    EXPECT_EQ(said({}), "");
    EXPECT_EQ(notTrained({"masks", "protos"}),
              "masks have no loss, so their own layers keep their weights in training");
    EXPECT_NE(notTrained({"angles", "rotated"}).find("boxes learn to be upright"), std::string::npos);
    EXPECT_EQ(notTrained({}), "");
}

TEST(PostProcessing, IsSaidWithWhatIsMeasured) {
    using Words = std::map<std::string, std::string>;
    EXPECT_EQ(wordsOf(modelWith(kOneToOne)),
              (Words{{"head", "one2one"},
                     {"confidence", "0.001"},
                     {"post_processing", "the 300 best scores, without non-maximum suppression"}}));
    EXPECT_EQ(wordsOf(modelWith(kOneToMany)), (Words{{"head", "one2many"},
                                                     {"confidence", "0.001"},
                                                     {"nms_iou", "0.700"},
                                                     {"post_processing", "non-maximum suppression at IoU 0.7"}}));
    EXPECT_FALSE(wordsOf(modelWith("")).contains("head"));
    NmsOptions agnostic;
    agnostic.agnostic = true;
    EXPECT_EQ(postProcessingText(modelWith(""), agnostic), "non-maximum suppression across classes at IoU 0.7");
    EXPECT_EQ(postProcessingText(modelWith(kOneToOne), agnostic),
              "the 300 anchors with the best scores, without non-maximum suppression");
}

TEST(PostProcessing, ParityComparesWhatTheHeadFinds) {
    for (const auto& [head, boxes] : {std::pair{kOneToOne, 6}, {kOneToMany, 2}}) {
        const auto parity = DetectTask().parity(modelWith(head));
        parity->add(sameBoxes(), sameBoxes(0.89f));
        EXPECT_EQ(parity->figures().compared, boxes) << head;
        EXPECT_EQ(parity->figures().matched, 1);
    }
}

}  // namespace
}  // namespace qat
