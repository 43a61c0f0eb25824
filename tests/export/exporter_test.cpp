// The table of exporters: one for each format that has a file, after one preparation.
#include "export/exporter.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "export/sketch.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using Keys = std::vector<std::string>;

TEST(Exporters, EveryFormatWithAFileHasOne) {
    Keys keys;
    for (const Exporter& exporter : exporters()) {
        keys.emplace_back(exporter.key);
        EXPECT_EQ(exporter.format().key, exporter.key);
        EXPECT_FALSE(exporter.format().title.empty() || exporter.format().detail.empty()) << exporter.key;
    }
    EXPECT_EQ(keys, writtenFormatKeys());
    EXPECT_EQ(findExporter("tensorrt"), nullptr) << "known by name only";
}

TEST(Exporters, RuntimesAreNamedOnce) {
    const Keys formats{"safetensors", "onnx", "tflite", "onnx"};
    EXPECT_EQ(runtimesOf(formats), std::vector{Runtime::OnnxRuntime});
    EXPECT_TRUE(runtimesOf(Keys{"safetensors"}).empty());
}

TEST(Exporters, UnknownFormatsAndSharedFilesAreRefused) {
    EXPECT_EQ(exportersOf(Keys{"onnx", "safetensors"}).size(), 2u);
    EXPECT_THROW(exportersOf(Keys{"openvino"}), Error);
    EXPECT_THROW(exportersOf(Keys{"safetensors16", "safetensors"}), Error);
}

// input -> convolution with a learned scale, held as a logarithm
Graph learnedGraph() {
    Sketch sketch({1, 3, 8, 8});
    Graph graph = sketch.finish("decoded", sketch.conv("c", sketch.input(), {.weightBits = 8}));
    for (const NodeId id : graph.order())
        if (auto* op = std::get_if<FakeQuantize>(&graph.node(id).op)) op->scaleForm = ScaleForm::Log2;
    return graph;
}

TEST(Exporters, ThePreparedGraphIsACopyForOneImage) {
    const Graph graph = learnedGraph();
    const std::string before = dumpGraph(graph);
    PassResults results;
    const Graph prepared = prepareForExport(graph, 32, &results);
    EXPECT_EQ(dumpGraph(graph), before);
    EXPECT_EQ(results.changesOf(PassId::CanonicalizeQuantizers), 1);
    EXPECT_EQ(prepared.value(prepared.inputs().front()).shape, (Shape{1, 3, 32, 32}));
    EXPECT_EQ(prepared.value(prepared.output("decoded")).shape, (Shape{1, 4, 32, 32}));
    const ScratchFolder scratch;
    const ExportConfig options;
    const ExportSource source{graph, prepared, options};
    for (const Exporter& exporter : exporters()) {
        EXPECT_TRUE(exporter.issues(source).empty()) << exporter.key;
        const auto file = scratch.path() / exporter.key;
        const WrittenFile written = exporter.write(source, file);
        EXPECT_EQ(written.bytes, static_cast<int64_t>(std::filesystem::file_size(file))) << exporter.key;
    }
}

}  // namespace
}  // namespace qat::test
