// What files give in place of the decoded output: the same lists as our own post-processing, in the same order, here
// and in a runtime; refused in a sentence where a head has none.
#include "export/file_output.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "eval/top_scores.h"
#include "export/runtime_fixture.h"
#include "support/tensors.h"

namespace qat::test {
namespace {

constexpr int64_t kClasses = 7;

// images [1, 4 + 7, rows, columns], which are decoded boxes and scores laid out as a map.
Graph decodedOnly(int64_t rows, int64_t columns, const char* head = "one2one") {
    Graph graph;
    graph.info.numClasses = kClasses;
    graph.info.regMax = 1;
    graph.info.head = head;
    const ValueId map = graph.addInput("images", {1, 4 + kClasses, rows, columns});
    graph.setOutput("head.0", map, OutputRole::RawHead);
    const ValueId decoded = graph.add("decoded", Reshape{{0, 4 + kClasses, -1}}, {map});
    graph.value(decoded).shape = {1, 4 + kClasses, rows * columns};
    graph.setOutput("decoded", decoded, OutputRole::Decoded);
    return graph;
}

// Scores of few digits, so that many are equal.
at::Tensor crowded(int64_t rows, int64_t columns) {
    at::Tensor map = randomTensor({1, 4 + kClasses, rows, columns}, 5, 10, 300);
    map.slice(1, 4).copy_((randomTensor({1, kClasses, rows, columns}, 6, 0, 1) * 50).round() / 50 + 0.001);
    return map;
}

void expectRows(const at::Tensor& rows, const std::vector<Detection>& wanted) {
    ASSERT_EQ(rows.size(0), static_cast<int64_t>(wanted.size()));
    for (size_t i = 0; i < wanted.size(); ++i) {
        const float* row = rows[static_cast<int64_t>(i)].data_ptr<float>();
        for (size_t side = 0; side < 4; ++side) EXPECT_EQ(row[side], wanted[i].box[side]) << i;
        EXPECT_EQ(row[4], wanted[i].score) << i;
        EXPECT_EQ(row[5], static_cast<float>(wanted[i].classIndex)) << i;
    }
}

std::vector<Detection> bestOf(const at::Tensor& map) {
    NmsOptions all;
    all.conf = 0;
    return topScores({map.data_ptr<float>(), static_cast<size_t>(map.numel())}, kClasses, map.size(2) * map.size(3),
                     all);
}

// Of many places and of fewer than rows.
TEST(FileOutput, EndToEndRowsAreTheBestScoresToTheBit) {
    for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{20, 21}, {5, 6}}) {
        Graph graph = decodedOnly(rows, columns);
        addFileOutput(graph, ExportOutput::EndToEnd);
        const at::Tensor map = crowded(rows, columns);
        const at::Tensor made = Executor(graph, {.outputs = {kFileOutput}}).run(map)[0];
        EXPECT_EQ(made.size(1), std::min(kEndToEndRows, rows * columns * kClasses));
        expectRows(made[0].contiguous(), bestOf(map));
    }
}

TEST(FileOutput, RawIsTheMapsOfAllLevelsBehindEachOther) {
    Graph graph = decodedOnly(4, 6);
    const ValueId map = graph.inputs().front();
    graph.setOutput("head.1", graph.add("small", Pool{PoolKind::Max, {2, 2}, {2, 2}, {0, 0}}, {map}),
                    OutputRole::RawHead);
    addFileOutput(graph, ExportOutput::Raw);
    const at::Tensor in = crowded(4, 6);
    const auto made = Executor(graph, {.outputs = {kFileOutput, "head.0", "head.1"}}).run(in);
    EXPECT_TRUE(at::equal(made[0], at::cat({made[1].flatten(2), made[2].flatten(2)}, 2)));
}

TEST(FileOutput, TheDecodedOutputNeedsNothing) {
    Graph graph = decodedOnly(4, 6, "");
    const std::string before = dumpGraph(graph);
    addFileOutput(graph, ExportOutput::Decoded);
    EXPECT_EQ(dumpGraph(graph), before);
}

TEST(FileOutput, WhatAHeadDoesNotHaveIsRefusedWithAReason) {
    const auto says = [](const Graph& graph, ExportOutput output, const std::string& part) {
        const std::string trouble = fileOutputTrouble(graph, output);
        EXPECT_NE(trouble.find(part), std::string::npos) << trouble;
        Graph copy = graph.clone(false);
        try {
            addFileOutput(copy, output);
            ADD_FAILURE() << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
            EXPECT_EQ(error.what(), trouble);
        }
    };
    says(decodedOnly(4, 6, ""), ExportOutput::EndToEnd, "the model has one head, whose boxes need non-maximum");
    says(decodedOnly(4, 6, "one2many"), ExportOutput::EndToEnd, "deploy one2one (model.head)");
    Graph masks = decodedOnly(4, 6), anchored = decodedOnly(4, 6, ""), plain;
    masks.setOutput("masks", masks.inputs().front(), OutputRole::Extra);
    says(masks, ExportOutput::EndToEnd, "no place for what this model gives beside its boxes");
    anchored.info.anchors = {10, 13};
    says(anchored, ExportOutput::Raw, "export.output is raw, but the head has anchors");
    plain.setOutput("out", plain.addInput("images", {1, 3, 4, 4}));
    says(plain, ExportOutput::Raw, "has no detection head");
    EXPECT_EQ(fileOutputTrouble(decodedOnly(4, 6), ExportOutput::EndToEnd), "");
    EXPECT_EQ(fileOutputTrouble(decodedOnly(4, 6, ""), ExportOutput::Raw), "");
}

TEST_F(Runtime, EndToEndRowsAreTheSameInTheFile) {
    const ScratchFolder scratch;
    Graph graph = decodedOnly(20, 21);
    addFileOutput(graph, ExportOutput::EndToEnd);
    probeShapes(graph, {1, 4 + kClasses, 20, 21});
    OnnxExportOptions options;
    options.path = scratch.path() / "model.onnx";
    options.output = kFileOutput;
    exportOnnx(graph, options);
    const at::Tensor map = crowded(20, 21);
    const std::vector<float> numbers(map.data_ptr<float>(), map.data_ptr<float>() + map.numel());
    const auto run = runOnnxRuntime(options.path, {{"images", map.sizes().vec(), numbers}}, {}).run;
    ASSERT_TRUE(run.has_value());
    ASSERT_EQ(run->outputs.size(), 1u);
    EXPECT_EQ(run->outputs[0].shape, (Shape{1, kEndToEndRows, 6}));
    expectRows(at::tensor(run->outputs[0].values).reshape({kEndToEndRows, 6}), bestOf(map));
}

}  // namespace
}  // namespace qat::test
