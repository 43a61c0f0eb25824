// Filling a graph from named tensors: what is missing, ill-shaped or unknown is said by name.
#include "models/weights.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "models/yolov8.h"
#include "support/tensors.h"

namespace qat {
namespace {

struct Loading : testing::Test {
    Random random{1}, other{2};
    Graph graph = buildYolov8("n", 2, random);
    NamedTensors state = stateDict(buildYolov8("n", 2, other));

    std::string refusal() {
        try {
            loadWeights(graph, state, "file.pt");
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::BadInput);
            return error.what();
        }
        return "";
    }
    auto entry(const std::string& name) {
        return std::ranges::find(state, name, [](const auto& pair) { return pair.first; });
    }
};

TEST_F(Loading, EveryTensorArrivesWithoutACopy) {
    EXPECT_TRUE(loadWeights(graph, state, "file.pt").empty());
    for (const auto& [name, tensor] : state) {
        const at::Tensor& loaded = *graph.value(*graph.findValue(name)).data;
        ASSERT_TRUE(at::equal(loaded, *tensor)) << name;
        ASSERT_EQ(loaded.data_ptr(), tensor->data_ptr()) << name;
    }
}

TEST_F(Loading, OtherTypesAndMemoryOrdersAreConverted) {
    const std::string name = "model.1.conv.weight";
    const at::Tensor stored = *entry(name)->second;
    for (const at::Tensor& form : {stored.to(at::kDouble), stored.contiguous(at::MemoryFormat::ChannelsLast)}) {
        *entry(name)->second = form;
        loadWeights(graph, state, "file.pt");
        const at::Tensor& loaded = *graph.value(*graph.findValue(name)).data;
        EXPECT_TRUE(at::equal(loaded, stored));
        EXPECT_TRUE(loaded.is_contiguous());
    }
}

TEST_F(Loading, OrderDoesNotMatterAndCountersAreExpected) {
    std::ranges::reverse(state);
    state.emplace_back("model.0.bn.num_batches_tracked", std::make_shared<at::Tensor>(at::zeros({}, at::kLong)));
    state.emplace_back("model.99.weight", std::make_shared<at::Tensor>(at::zeros({1})));
    EXPECT_EQ(loadWeights(graph, state, "file.pt"), std::vector<std::string>{"model.99.weight"});
}

TEST_F(Loading, ValuesThatNothingCanBeComputedWithAreNamed) {
    EXPECT_TRUE(unsoundValues(graph).empty());
    graph.value(*graph.findValue("model.4.cv1.conv.weight")).data->view({-1})[7] = NAN;
    graph.value(*graph.findValue("model.22.cv3.1.2.bias")).data->fill_(-INFINITY);
    graph.value(*graph.findValue("model.0.bn.running_var")).data->view({-1})[3] = -1;
    EXPECT_EQ(unsoundValues(graph),
              (std::vector<std::string>{"tensor model.0.bn.running_var, a variance, has 1 value that is below 0",
                                        "tensor model.4.cv1.conv.weight has 1 value that is not finite (of 4096)",
                                        "tensor model.22.cv3.1.2.bias has 2 values that are not finite (of 2)"}));
}

TEST_F(Loading, MissingAndIllShapedEntriesAreNamed) {
    const auto found = entry("model.4.cv1.bn.running_var");
    const auto kept = *found;
    state.erase(found);
    EXPECT_EQ(refusal(), "file.pt: no entry model.4.cv1.bn.running_var");
    state.emplace_back(kept.first, std::make_shared<at::Tensor>(at::zeros({3})));
    EXPECT_EQ(refusal(), "file.pt: model.4.cv1.bn.running_var has shape [3], expected [64]");
}

TEST_F(Loading, HalfPrecisionBecomesFloat) {
    const auto found = entry("model.0.conv.weight");
    found->second = std::make_shared<at::Tensor>(found->second->to(at::kHalf));
    loadWeights(graph, state, "file.pt");
    EXPECT_EQ(graph.value(*graph.findValue("model.0.conv.weight")).data->scalar_type(), at::kFloat);
}

// Layers of a graph whose shapes are given: images [2,8,6,5].
struct Macs : testing::Test {
    Graph graph;
    ValueId x = graph.addInput("images", {2, 8, 6, 5});

    int64_t of(const Op& op, const std::vector<Shape>& stored, const Shape& out) {
        std::vector<ValueId> inputs{x};
        for (const Shape& shape : stored)
            inputs.push_back(
                graph.addParameter(str("p", inputs.size()), std::make_shared<at::Tensor>(at::zeros(shape)), shape));
        const NodeId node = graph.addNode("layer", op, inputs);
        graph.value(graph.node(node).outputs.front()).shape = out;
        EXPECT_EQ(macsOf(graph), macsOf(graph, graph.node(node)));
        return macsOf(graph, graph.node(node));
    }
};

TEST_F(Macs, OfAConvolution) {
    EXPECT_EQ(of(Conv2d{.stride = {2, 1}, .padding = {1, 1}, .groups = 2}, {{4, 4, 3, 3}, {4}}, {2, 4, 3, 5}),
              4 * 3 * 5 * (4 * 3 * 3));
}

// As many as the convolution whose transpose it is: every number read meets the weights of its channel.
TEST_F(Macs, OfATransposedConvolution) {
    EXPECT_EQ(of(ConvTranspose2d{.stride = {2, 2}, .groups = 2}, {{8, 3, 2, 2}, {6}}, {2, 6, 12, 10}),
              8 * 6 * 5 * (3 * 2 * 2));
}

TEST_F(Macs, OfAProduct) {
    EXPECT_EQ(of(MatMul{}, {{2, 8, 5, 7}}, {2, 8, 6, 7}), 8 * 6 * 7 * 5);
}

TEST_F(Macs, OfWhatDoesNotMultiply) {
    EXPECT_EQ(of(Softmax{}, {}, {2, 8, 6, 5}), 0);
}

TEST(Weights, OfATransposedConvolutionAreReadByName) {
    Graph graph;
    const ValueId x = graph.addInput("images", {1, 4, 3, 3});
    const auto zeros = [&](const char* name, const Shape& shape) {
        return graph.addParameter(name, std::make_shared<at::Tensor>(at::zeros(shape)), shape);
    };
    graph.setOutput("out", graph.add("up", ConvTranspose2d{.stride = {2, 2}},
                                     {x, zeros("up.weight", {4, 3, 2, 2}), zeros("up.bias", {3})}));
    const NamedTensors state{{"up.weight", std::make_shared<at::Tensor>(test::randomTensor({4, 3, 2, 2}, 1))},
                             {"up.bias", std::make_shared<at::Tensor>(test::randomTensor({3}, 2))}};
    EXPECT_TRUE(loadWeights(graph, state, "file.pt").empty());
    EXPECT_TRUE(at::equal(*graph.value(*graph.findValue("up.weight")).data, *state[0].second));
    EXPECT_EQ(parameterCount(graph), 4 * 3 * 2 * 2 + 3);
}

}  // namespace
}  // namespace qat
