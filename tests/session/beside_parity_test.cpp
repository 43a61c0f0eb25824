// What a file gives beside boxes: its names and shapes in an outside runtime, and whether it is what the model makes.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "export/exporter.h"
#include "export/onnx_export.h"
#include "export/runtime_check.h"
#include "models/family.h"
#include "session/parity.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat::test {
namespace {

class BesideFile : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::filesystem::path file = scratch.path() / "masks.onnx";

    void SetUp() override {
        if (const std::string missing = missingOnnxRuntime(); !missing.empty()) GTEST_SKIP() << "left out: " << missing;
    }

    static Graph masks() {
        Random random(4);
        return prepareForExport(buildMember({&familyNamed("yolov8"), {"n-seg", 3}}, &random), 64, nullptr);
    }
    void write(const Graph& graph) const {
        OnnxExportOptions options;
        options.path = file;
        exportOnnx(graph, options);
    }
    ParityReport parityWith(const Graph& graph) const {
        int images = 2;
        const auto next = [&] {
            return images-- > 0 ? randomTensor({1, 3, 64, 64}, static_cast<uint64_t>(images), 0, 1) : at::Tensor();
        };
        return checkParity(taskOf(graph.info), file, graph, graph, next, {});
    }
};

TEST_F(BesideFile, HasEveryOutputUnderItsName) {
    write(masks());
    const at::Tensor image = randomTensor({1, 3, 64, 64}, 1, 0, 1);
    const RuntimeAnswer answer = runOnnxRuntime(
        file, {{"images", {1, 3, 64, 64}, {image.data_ptr<float>(), image.data_ptr<float>() + image.numel()}}});
    ASSERT_TRUE(answer.run) << answer.refusal << answer.failure;
    ASSERT_EQ(answer.run->outputs.size(), 3u);
    const std::pair<const char*, Shape> wanted[] = {
        {"output0", {1, 4 + 3, 84}}, {"masks", {1, 32, 84}}, {"protos", {1, 32, 16, 16}}};
    for (size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(answer.run->outputs[i].name, wanted[i].first);
        EXPECT_EQ(answer.run->outputs[i].shape, wanted[i].second);
    }
}

TEST_F(BesideFile, IsHeldToAllOfThem) {
    Graph graph = masks();
    write(graph);
    const ParityReport same = parityWith(graph);
    EXPECT_EQ(same.check.result, CheckResult::Passed) << same.check.sentence;
    EXPECT_NE(same.check.sentence.find("; error of masks "), std::string::npos) << same.check.sentence;
    for (const char* weight : {"model.22.cv4.0.2.weight", "model.22.proto.upsample.weight"}) {
        Graph other = graph.clone(true);
        other.value(*other.findValue(weight)).data->mul_(1.5);
        const ParityReport differs = parityWith(other);
        EXPECT_EQ(differs.check.result, CheckResult::Failed) << weight << ": " << differs.check.sentence;
        EXPECT_EQ(differs.matched, 1) << "the boxes are equal";
    }
}

}  // namespace
}  // namespace qat::test
