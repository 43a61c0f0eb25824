// A weight is read once and then shared: opening and preparing a model take hardly more memory than the model.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/files.h"
#include "export/exporter.h"
#include "export/weights_file.h"
#include "import/byte_builders.h"
#include "models/weights.h"
#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"
#include "quant/calibrate.h"
#include "session/checkpoint_model.h"
#include "session/model_source.h"
#include "support/assets.h"
#include "support/large_blocks.h"
#include "support/peak_memory.h"

namespace qat::test {
namespace {

int64_t bytesOf(const Graph& graph) {
    int64_t bytes = 0;
    for (const auto& [name, tensor] : stateDict(graph)) bytes += static_cast<int64_t>(tensor->nbytes());
    return bytes;
}

TEST(ModelMemory, OpeningTakesAtMostAThirdMoreThanTheModel) {
    const ScratchFolder scratch;
    Random random(1);
    Graph graph = buildYolov8("n", 80, random);
    for (const bool folded : {false, true}) {
        if (folded) foldBatchNorm(graph);
        for (const bool half : {false, true}) {
            const auto file = scratch.path() / "model.safetensors";
            saveWeights(file, graph, half ? WeightType::Float16 : WeightType::Float32);
            PeakMemory::restart();
            const OpenedModel opened = openModel(file);
            EXPECT_LT(static_cast<double>(PeakMemory::bytes()), 1.3 * static_cast<double>(bytesOf(graph)))
                << "folded " << folded << ", half " << half;
            EXPECT_EQ(bytesOf(opened.graph), bytesOf(graph));
        }
    }
}

TEST(ModelMemory, OpeningTheLargestByNameTakesAtMostAThirdMoreThanIt) {
    PeakMemory::restart();
    const OpenedModel opened = openModel("yolov8x");
    EXPECT_GT(bytesOf(opened.graph), 250 << 20);
    EXPECT_LT(static_cast<double>(PeakMemory::bytes()), 1.3 * static_cast<double>(bytesOf(opened.graph)));
}

TEST(ModelMemory, TensorsOfTheFileAreThoseOfTheGraph) {
    Random random(1);
    Checkpoint checkpoint;
    for (const auto& [name, tensor] : stateDict(buildYolov8("n", 3, random)))
        checkpoint.tensors.push_back({name, tensor, "float32"});
    const Graph graph = modelIn(checkpoint, "file").graph;
    for (const NamedTensor& entry : checkpoint.tensors)
        EXPECT_EQ(graph.value(*graph.findValue(entry.name)).data->data_ptr(), entry.tensor->data_ptr()) << entry.name;
}

TEST(ModelMemory, PreparingAnExportCopiesNoWeight) {
    Random random(1);
    Graph graph = buildYolov8("n", 3, random);
    foldBatchNorm(graph);
    const Graph form = prepareForExport(graph, 64);
    for (const auto& [name, tensor] : stateDict(graph))
        EXPECT_EQ(form.value(*form.findValue(name)).data->data_ptr(), tensor->data_ptr()) << name;
}

// A PyTorch file with the state dict of a graph.
void writeTorchFile(const std::filesystem::path& file, const Graph& graph) {
    PickleBuilder pickle;
    pickle.proto().code("}(");
    std::vector<std::pair<std::string, std::string>> storages;
    for (const auto& [name, tensor] : stateDict(graph)) {
        const std::string key = std::to_string(storages.size());
        pickle.text(name).tensor("FloatStorage", key, tensor->numel(), 0, tensor->sizes().vec(),
                                 tensor->strides().vec());
        storages.emplace_back(key, std::string(static_cast<const char*>(tensor->data_ptr()), tensor->nbytes()));
    }
    writeFileAtomic(file, makeTorchZip(pickle.code("u").stop(), storages));
}

// Three weights of the head have sizes that differ by powers of two, and with 89 classes no other tensor has one of
// them, in bytes, halves, floats or doubles: each copy of a weight is three blocks. A block in which the whole model
// has room holds a copy of each. Read once; folded in double, which makes two; and for
// the file its codes, their bytes and the file.
TEST(ModelMemory, AWeightIsCopiedAtMostSixTimesOnItsWayFromTorchToOnnx) {
    const ScratchFolder scratch;
    Random random(1);
    size_t elements = 0, all = 0;  // of the smallest of the three, of the model
    {
        const Graph graph = buildYolov8("n", 89, random);
        elements = static_cast<size_t>(graph.value(*graph.findValue("model.22.cv3.0.0.conv.weight")).data->numel());
        all = static_cast<size_t>(parameterCount(graph));
        writeTorchFile(scratch.path() / "model.pt", graph);
    }
    PeakMemory::restart();
    PeakMemory::onBlock = &LargeBlocks::note;
    std::vector<size_t> ofWeights, ofModel;
    {
        const LargeBlocks blocks(elements);
        Graph graph = openModel(scratch.path() / "model.pt").graph;
        foldBatchNorm(graph);
        const Graph original = graph.clone(/*copyTensors=*/false);
        Config config;
        config.calibration.method = CalibrationMethod::MinMax;
        QuantizerSet quantizers(graph, resolvePlan(graph, config));
        int given = 0;
        calibrate(
            original, graph, quantizers,
            [&] {
                return given++ < 1 ? at::rand({1, 3, 64, 64}) : at::Tensor();
            },
            [](int64_t) {}, CancelToken());
        const Graph prepared = prepareForExport(graph, 64);
        findExporter("onnx")->write({graph, prepared, config.exporting}, scratch.path() / "model.onnx");
        for (const size_t size : blocks.sizes()) {
            const bool isOfWeight = std::ranges::any_of(std::array<size_t, 6>{1, 2, 4, 8, 16, 32}, [&](size_t factor) {
                return size >= factor * elements && size <= factor * elements + 64;  // texts end with a zero
            });
            if (isOfWeight) ofWeights.push_back(size);
            if (size >= all) ofModel.push_back(size);
        }
    }
    PeakMemory::onBlock = nullptr;
    EXPECT_EQ(ofWeights.size() % 3, 0u) << testing::PrintToString(ofWeights) << " bytes";
    const size_t copies = ofWeights.size() / 3 + ofModel.size();
    EXPECT_GE(copies, 4u) << "read, folded, rounded, written";
    EXPECT_LE(copies, 6u) << testing::PrintToString(ofWeights) << " and " << testing::PrintToString(ofModel);
}

}  // namespace
}  // namespace qat::test
