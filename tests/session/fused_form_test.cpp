// Files of networks with merged convolutions are read back, whatever else is fused in them and whatever they call it;
// ONNX files hold them merged.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "export/exporter.h"
#include "export/onnx_export.h"
#include "export/runtime_check.h"
#include "export/weights_file.h"
#include "models/family.h"
#include "models/weights.h"
#include "passes/pipeline.h"
#include "run/executor.h"
#include "session/model_source.h"
#include "session/small_job.h"
#include "support/tensors.h"

namespace qat::test {
namespace {

struct Fused {
    const char* name;
    const char* model;
    PassSet passes;
    bool asInBlocks;  // named as layers of their blocks
};

std::ostream& operator<<(std::ostream& out, const Fused& fused) {
    return out << fused.name;
}

class FusedForm : public testing::TestWithParam<Fused> {
protected:
    Graph build() const {
        const auto member = *memberNamed(GetParam().model);
        Random random(3);
        Graph graph = buildMember({member.family, {member.spec.variant, 6}}, &random);
        uint64_t seed = 0;
        for (const auto& [name, tensor] : stateDict(graph))  // batch norms that do something
            if (name.ends_with("running_mean")) *tensor = randomTensor(tensor->sizes().vec(), ++seed, -0.3, 0.3);
        return graph;
    }
    // model.22.m.0.cv1.2.conv.conv.weight -> model.22.m.0.cv1.2.conv.weight, of merged layers
    static void nameAsInBlocks(Graph& graph, const Graph& before) {
        for (const ValueId id : graph.storedValues()) {
            const std::string name = graph.value(id).name;
            for (const char* merged : {".cv1.conv1.conv.", ".cv1.2.conv.conv."}) {
                const size_t at = name.find(merged);
                if (at == std::string::npos || before.findValue(name) == std::nullopt) continue;
                const std::string block = name.substr(0, at + std::string_view(merged).find(".conv"));
                graph.renameValue(id, block + ".conv." + name.substr(name.rfind('.') + 1));
            }
        }
    }
    static std::vector<at::Tensor> mapsOf(const Graph& graph) {
        return Executor(graph, {.outputs = headOutputs(graph)}).run(randomTensor({1, 3, 64, 64}, 2, 0, 1));
    }
};

class MergedFile : public FusedForm {};

TEST_P(FusedForm, IsReadBack) {
    const ScratchFolder scratch;
    const auto file = scratch.path() / "weights.safetensors";
    const Graph before = build();
    Graph fused = before.clone(true);
    runPasses(fused, GetParam().passes);
    if (GetParam().asInBlocks) nameAsInBlocks(fused, fused.clone(false));
    saveWeights(file, fused);
    const OpenedModel opened = openModel(file);
    EXPECT_EQ(opened.ignored, std::vector<std::string>{});
    EXPECT_EQ(parameterCount(opened.graph), parameterCount(fused));
    EXPECT_EQ(opened.graph.info.variant, before.info.variant);
    const auto wanted = mapsOf(before), made = mapsOf(opened.graph);
    for (size_t level = 0; level < wanted.size(); ++level)
        EXPECT_LT(relativeDifference(made[level], wanted[level]), 1e-5) << level;
}

TEST_P(MergedFile, IsSmallerAndComputesTheSame) {
    if (!missingOnnxRuntime().empty()) GTEST_SKIP() << "left out: " << missingOnnxRuntime();
    const ScratchFolder scratch;
    const Graph branches = build(), form = prepareForExport(branches, 64);
    Graph apart = branches.clone(false);
    runPasses(apart, PassId::DropOtherHead | PassId::FoldBatchNorms);
    probeShapes(apart, {1, 3, 64, 64});
    const auto written = [&](const Graph& graph, const char* name) {
        OnnxExportOptions options;
        options.path = scratch.path() / name;
        return exportOnnx(graph, options).bytes;
    };
    EXPECT_LT(written(form, "merged.onnx"), written(apart, "apart.onnx") - 10000);
    const at::Tensor image = randomTensor({1, 3, 64, 64}, 2, 0, 1);
    const std::vector<float> numbers(image.data_ptr<float>(), image.data_ptr<float>() + image.numel());
    const auto run = runOnnxRuntime(scratch.path() / "merged.onnx", {{"images", {1, 3, 64, 64}, numbers}}, {}).run;
    ASSERT_TRUE(run.has_value());
    const at::Tensor wanted = Executor(branches, {.outputs = {decodedOutput(branches)}}).run(image)[0];
    EXPECT_LT(relativeDifference(at::tensor(run->outputs.at(0).values).reshape(wanted.sizes()), wanted), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, MergedFile,
                         testing::Values(Fused{"YOLOv9t", "yolov9t", {}, false},
                                         Fused{"YOLOv10n", "yolov10n", {}, false}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(All, FusedForm,
                         testing::Values(Fused{"YOLOv9t", "yolov9t", kFusingPasses, false},
                                         Fused{"YOLOv9tAsInBlocks", "yolov9t", kFusingPasses, true},
                                         Fused{"YOLOv10n", "yolov10n", kFusingPasses, false},
                                         Fused{"YOLOv10nAsInBlocks", "yolov10n", kFusingPasses, true},
                                         Fused{"YOLOv10nNormsKept", "yolov10n", PassId::MergeParallelConvs, false},
                                         Fused{"YOLOv10nNormsFolded", "yolov10n", PassId::FoldBatchNorms, false}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace qat::test
