// Quantized twins of classifiers are trained from random weights with their quantizers from the first step on: down to
// one bit, stopped and resumed to the bit.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/family.h"
#include "models/reference_quantizers.h"
#include "support/assets.h"
#include "task/classify_task.h"
#include "train/tiny_classifier.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

struct TwinCase {
    const char *name, *member;
    int weightBits, activationBits;
};
std::ostream& operator<<(std::ostream& out, const TwinCase& each) {
    return out << each.name;
}

Graph twinNetwork(const char* name) {
    FamilyMember member = *memberNamed(name);
    member.spec.numClasses = 6, member.spec.side = 32;
    Random random(5);
    Graph graph = buildMember(member, &random);
    declareReference(graph);
    return graph;
}

Config twinTraining(const TwinCase& how) {
    Config config = tinyConfig(Quantize::Ste);
    config.quantization.weight.bitWidth = how.weightBits, config.quantization.activation.bitWidth = how.activationBits;
    config.quantization.activation.observer = ObserverKind::MovingAverageMinMax;
    config.qat.fuseModules = false;
    config.data.imgsz = 32;
    config.train.epochs = 2;
    config.train.optimizer = OptimizerKind::Adam;
    config.train.lr = 0.02;
    return config;
}

struct TwinRun : TinyRun {
    ClassifyTask task;

    TwinRun(const TwinCase& how, const std::filesystem::path& place, const char* run)
        : TinyRun(twinTraining(how), place / run) {
        const auto pictures = place / "pictures";
        if (!std::filesystem::exists(pictures)) writeClassFolders(pictures, 8, 2);
        config.data.path = pictures.string();
        labels = task.labels();
        network = [name = how.member] { return twinNetwork(name); };
        loss = task.makeLoss(twinNetwork(how.member), config.train,
                             *openDataset(config.data.path, DataSplit::Train, DataCheck::Strict, labels));
    }
};

class Twins : public testing::TestWithParam<TwinCase> {};

TEST_P(Twins, TrainAndResumeToTheBit) {
    const ScratchFolder scratch;
    TwinRun whole(GetParam(), scratch.path(), "whole"), stopped(GetParam(), scratch.path(), "parts"),
        resumed(GetParam(), scratch.path(), "parts");
    whole.train();
    stopped.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 3) stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_TRUE(stopped.train().stopped);
    resumed.train(true);
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph));
    // Every weight has moved, also those on one bit; on constant grids none has left its range.
    const Graph start = twinNetwork(GetParam().member);
    const bool constant = std::string_view(GetParam().member) == "cnv";
    for (const ValueId id : start.storedValues()) {
        const Value& value = start.value(id);
        if (value.shape.size() < 2 || value.kind != ValueKind::Parameter) continue;
        const at::Tensor trained = *whole.graph->value(*whole.graph->findValue(value.name)).data;
        EXPECT_FALSE(trained.detach().equal(*value.data)) << value.name;
        EXPECT_TRUE(trained.isfinite().all().item<bool>()) << value.name;
        EXPECT_TRUE(!constant || trained.detach().abs().max().item<float>() <= 1) << value.name;
    }
}

INSTANTIATE_TEST_SUITE_P(Bits, Twins,
                         testing::Values(TwinCase{"resnet20_w4a4", "resnet20", 4, 4},
                                         TwinCase{"resnet20_w2a2", "resnet20", 2, 2}, TwinCase{"cnv_w1a1", "cnv", 1, 1},
                                         TwinCase{"cnv_w2a2", "cnv", 2, 2}, TwinCase{"cnv_w4a4", "cnv", 4, 4},
                                         TwinCase{"mobilenetv1_w4a4", "mobilenetv1", 4, 4},
                                         TwinCase{"vgg11_w4a4", "vgg11", 4, 4}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace qat::test
