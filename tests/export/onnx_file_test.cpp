// The exported file as a whole: metadata, errors, atomic writing.
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "export/read_onnx.h"
#include "export/sketch.h"
#include "support/assets.h"

namespace qat::test {
namespace {

Graph smallGraph() {
    Sketch sketch({1, 3, 32, 64});
    return sketch.finish("decoded", sketch.conv("c", sketch.input(), {}));
}

template <class Action>
Error errorOf(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    return {ErrorKind::Internal, "no error"};
}

TEST(OnnxFile, MetadataIsWhatDetectionToolsLookFor) {
    Graph graph = smallGraph();
    graph.info = {"yolov8", "n", 2, {"disc", "driver's cab"}, {8, 16, 32}, 16};
    const auto metadata = exportAndRead(graph, {.metadata = {{"task", "mine"}, {"run", "w4a4"}}}).view.metadata;
    EXPECT_EQ(metadata.at("names"), "{0: 'disc', 1: \"driver's cab\"}");
    EXPECT_EQ(metadata.at("stride"), "32");
    EXPECT_EQ(metadata.at("imgsz"), "[32, 64]");
    EXPECT_EQ(metadata.at("batch"), "1");
    EXPECT_EQ(metadata.at("description"), "Qatelier");
    EXPECT_EQ(metadata.at("task"), "mine") << "given entries replace ours";
    EXPECT_EQ(metadata.at("run"), "w4a4");
    EXPECT_FALSE(metadata.contains("qwb.quant")) << "nothing is quantized";
    EXPECT_TRUE(exportAndRead(graph, {.includeMetadata = false}).view.metadata.empty());
}

TEST(OnnxFile, SameGraphSameBytes) {
    EXPECT_EQ(exportAndRead(smallGraph()).bytes, exportAndRead(smallGraph()).bytes);
}

TEST(OnnxFile, EverythingThatCannotBeExpressedIsListedAndNothingIsWritten) {
    Sketch sketch({1, 3, 8, 8});
    const ValueId x = sketch.quantize("wide", sketch.input(), sketch.range("w", 1.f, 0, 20, 0, (1 << 20) - 1));
    const ValueId y = sketch.quantize("uneven", sketch.conv("c", x, {}), sketch.range("u", 1.f, 0.5f, 8, 0, 255));
    const Graph graph = sketch.finish("decoded", y);
    const ScratchFolder scratch;
    const auto path = scratch.path() / "model.onnx";
    writeFileAtomic(path, "older file");
    const Error error = errorOf([&] { exportOnnx(graph, {.path = path}); });
    EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
    const std::string text = error.what();
    EXPECT_NE(text.find("wide: "), std::string::npos) << text;
    EXPECT_NE(text.find("uneven: u.zero_point holds a zero point of 0.5"), std::string::npos) << text;
    EXPECT_EQ(readFile(path), "older file");
}

TEST(OnnxFile, NumbersThatAreNotFiniteAreRefusedByName) {
    Graph graph = smallGraph();
    graph.value(*graph.findValue("c.weight")).data->view(-1)[3] = std::numeric_limits<float>::quiet_NaN();
    const Error error = errorOf([&] { exportAndRead(graph); });
    EXPECT_NE(std::string(error.what()).find("c.weight holds numbers that are not finite"), std::string::npos)
        << error.what();
}

TEST(OnnxFile, ValuesWithoutTensorsAreNamed) {
    Graph graph = smallGraph();
    graph.value(*graph.findValue("c.bias")).data = nullptr;
    const Error error = errorOf([&] { exportAndRead(graph); });
    EXPECT_NE(std::string(error.what()).find("c.bias has no tensor"), std::string::npos) << error.what();
}

TEST(OnnxFile, UnknownShapesAreRefused) {
    Graph graph = smallGraph();
    graph.value(graph.inputs().front()).shape = {1, 3, -1, 64};
    const Error error = errorOf([&] { exportAndRead(graph); });
    EXPECT_EQ(error.kind(), ErrorKind::BadInput);
    EXPECT_NE(std::string(error.what()).find("images"), std::string::npos);
}

TEST(OnnxFile, ADeclaredShapeThatIsNotTheInferredOneDoesNotPassTheChecks) {
    Graph graph = smallGraph();
    graph.value(graph.output("decoded")).shape = {1, 4, 32, 65};
    EXPECT_EQ(errorOf([&] { exportAndRead(graph); }).kind(), ErrorKind::Internal);
}

TEST(OnnxFile, AFolderThatCannotBeWrittenIsAnIoError) {
    const Error error = errorOf([] { exportOnnx(smallGraph(), {.path = "/no/such/folder/model.onnx"}); });
    EXPECT_EQ(error.kind(), ErrorKind::Io);
}

}  // namespace
}  // namespace qat::test
