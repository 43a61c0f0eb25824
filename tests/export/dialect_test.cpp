// Another dialect of quantization in the file: the operators' cases stay, only the writer of quantizers is another.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "export/qdq.h"
#include "export/read_onnx.h"
#include "export/sketch.h"

namespace qat::test {
namespace {

// One node a quantizer, float in and float out, as QONNX has it; the scale alone is enough to tell them apart here.
class OneNodeQuantizers final : public OnnxQuantizers {
public:
    OneNodeQuantizers(const Graph& graph, OnnxBuilder& builder)
        : m_graph(graph), m_builder(builder), m_records(graph, builder) {}

    void requireExpressible(const Grid& grid) const override {
        require(grid.format == NumberFormat::Integer, ErrorKind::Unsupported, "only integers have a node");
    }
    QuantizedTensor quantize(const std::string& tensor, const Grid& grid, size_t) override {
        return {nodeOf(tensor, grid)};
    }
    QuantizedTensor quantizeStored(const Value& value, const Grid& grid) override {
        const at::Tensor numbers = value.data->detach().contiguous();
        const std::span stored(numbers.data_ptr<float>(), static_cast<size_t>(numbers.numel()));
        return {nodeOf(m_builder.addFloats(value.name, value.shape, stored), grid)};
    }
    std::optional<IntegerTensor> keepOnGrid(const std::string&, const Grid&) override { return std::nullopt; }
    bool computeOnIntegers(const Grid&, const Grid&) override { return false; }
    std::optional<IntegerTensor> quantizeBias(const Value&, const Grid&, const Grid&) override { return std::nullopt; }
    std::string dequantize(const IntegerTensor&) override { throw std::logic_error("the dialect has no integers"); }
    QuantRecord record(const std::string& name, const std::string& kind, int64_t bits, const Grid& grid) override {
        return m_records.record(name, kind, bits, grid);
    }

private:
    std::string nodeOf(const std::string& tensor, const Grid& grid) {
        return m_builder.addNamedNode(tensor + "_" + m_graph.value(grid.scale).name, "Identity", {tensor},
                                      tensor + "_quantized");
    }

    const Graph& m_graph;
    OnnxBuilder& m_builder;
    QdqWriter m_records;
};

std::unique_ptr<OnnxQuantizers> oneNodeQuantizers(const Graph& graph, OnnxBuilder& builder) {
    return std::make_unique<OneNodeQuantizers>(graph, builder);
}

Graph pooledBlock(NumberFormat format) {
    Sketch sketch({1, 3, 8, 8});
    const ValueId x = sketch.quantize("input_quant", sketch.input(), sketch.range("in", 0.01f, 0, 8, 0, 255));
    const ValueId y = sketch.conv("c", x, {.weightBits = 4});
    const ValueId z = sketch.quantize("c_quant", y, sketch.range("out", 0.02f, 0, 8, 0, 255));
    Graph graph = sketch.finish("decoded", sketch.graph.add("pool", Pool{PoolKind::Max, {2, 2}, {2, 2}, {0, 0}}, {z}));
    for (const NodeId id : graph.order())
        if (auto* op = std::get_if<FakeQuantize>(&graph.node(id).op)) op->format = format;
    return graph;
}

Exported inDialect(const Graph& graph) {
    return exportAndRead(graph, {}, oneNodeQuantizers);
}

TEST(OnnxDialect, AnotherWriterOfQuantizersNeedsNoOtherOperators) {
    const Graph graph = pooledBlock(NumberFormat::Integer);
    const Exported pairs = exportAndRead(graph), nodes = inDialect(graph);
    EXPECT_EQ(nodes.view.types(), (std::vector<std::string>{"Identity", "Identity", "Conv", "Identity", "MaxPool"}));
    EXPECT_EQ(nodes.result.quantizedLayers, 1);
    EXPECT_EQ(nodes.view.metadata.at("qwb.quant"), pairs.view.metadata.at("qwb.quant"));
    EXPECT_EQ(nodes.view.outputs, pairs.view.outputs);
    EXPECT_EQ(pairs.view.count("QuantizeLinear"), 3u) << "input, convolution and the pooled codes";
}

TEST(OnnxDialect, SaysItselfWhatItCannotExpress) {
    const Graph graph = pooledBlock(NumberFormat::Half);
    const std::vector<std::string> issues = onnxIssues(graph, {}, oneNodeQuantizers);
    ASSERT_EQ(issues.size(), 3u);
    EXPECT_EQ(issues[0], "input_quant: only integers have a node");
    EXPECT_TRUE(onnxIssues(graph, {}).empty());
}

}  // namespace
}  // namespace qat::test
