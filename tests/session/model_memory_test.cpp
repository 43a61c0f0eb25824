// A weight is read once and then shared: opening and preparing a model take hardly more memory than the model.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/weights.h"
#include "models/yolov8.h"
#include "export/weights_file.h"
#include "passes/fold_batch_norm.h"
#include "session/checkpoint_model.h"
#include "session/export_files.h"
#include "session/model_source.h"
#include "support/assets.h"
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
    const Graph form = exportForm(graph, 64);
    for (const auto& [name, tensor] : stateDict(graph))
        EXPECT_EQ(form.value(*form.findValue(name)).data->data_ptr(), tensor->data_ptr()) << name;
}

}  // namespace
}  // namespace qat::test
