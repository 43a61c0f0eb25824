// LPYOLO as its presets are shipped: trained from scratch with quantizers at work, exported, and read as the host of an
// accelerator reads it.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "eval/host_side.h"
#include "models/detector.h"
#include "passes/hard_tanh_head.h"
#include "passes/pipeline.h"
#include "quant/quantizer_set.h"
#include "run/executor.h"
#include "session/inspect.h"
#include "session/run_model.h"
#include "session/small_job.h"
#include "support/tensors.h"

namespace qat::test {
namespace {

using nlohmann::json;
using Settings = std::vector<std::pair<std::string, std::string>>;

std::filesystem::path preset(const std::string& name) {
    return std::filesystem::path(QATELIER_SOURCE_RESOURCES).parent_path() / "configs" / (name + ".yaml");
}

// What a test can afford, all else as shipped.
Settings shortTraining() {
    return {{"data.imgsz", "64"},
            {"data.augment.mosaic", "0"},
            {"run.workers", "1"},
            {"train_params.batch_size", "4"},
            {"train_params.nominal_batch", "4"},
            {"train_params.epochs", "1"},
            {"analysis.enabled", "false"},
            {"analysis.preview_images", "0"}};
}

constexpr const char* kLpyoloData = "shapes:train=8,val=4,size=64";

// Bytes of pictures as a network gets them.
at::Tensor pictures(int64_t count, uint64_t seed) {
    return at::round(randomTensor({count, 3, 64, 64}, seed, 0, 255)).div(255.0f);
}

at::Tensor decodedBy(const Graph& form, const at::Tensor& images) {
    const Graph runnable = inferenceForm(form);
    return Executor(runnable, {.outputs = {decodedOutput(runnable)}}).run(images).front().clone();
}

// With activations that reach over their ranges: after a few steps statistics of batch norms are still those of the
// start.
Graph lively(const Graph& graph) {
    Graph made = graph.clone(true);
    for (const NodeId id : made.order())
        if (std::holds_alternative<BatchNorm>(made.node(id).op))
            made.value(made.node(id).inputs.at(4)).data->fill_(0.05f),
                made.value(made.node(id).inputs.at(3)).data->zero_();
    return made;
}

struct Trained {
    const ScratchFolder scratch;
    RecordingSink sink;
    CancelToken cancel;
    JobRequest request;
    JobOutcome outcome;
    Graph graph;

    explicit Trained(const std::string& name, const Settings& more = {})
        : request{preset(name), scratch.path() / "run", kLpyoloData, shortTraining()} {
        for (const auto& setting : more) request.overrides.push_back(setting);
        outcome = runPipeline(request, sink, cancel);
        graph = openRun(request.out).graph;
    }
};

const Trained& trained() {
    static const Trained run("lpyolo_4w4a");
    return run;
}

TEST(Lpyolo, TrainsFromScratchWithItsQuantizersAndWithoutCalibration) {
    const Trained& run = trained();
    EXPECT_EQ(run.outcome.status, JobStatus::Completed) << (run.outcome.gates.empty() ? "" : run.outcome.gates.front());
    EXPECT_TRUE(std::ranges::any_of(run.sink.logs, [](const std::string& line) {
        return line == "every range of activations is stated, so no image is looked at";
    }));
    const json layers = readJson(run.request.out / "layers.json");
    ASSERT_EQ(layers.size(), 10u);
    EXPECT_EQ(layers[0]["weight_bits"], 8);
    EXPECT_EQ(layers[1]["weight_bits"], 4);
    EXPECT_EQ(layers[1]["weight_origin"], "row 2, QuantConv");
    EXPECT_EQ(layers[1]["activation_bits"], 4);
    EXPECT_EQ(layers[1]["activation_origin"], "row 0, QuantConv");
    EXPECT_EQ(layers[9]["weight_bits"], 8);
    EXPECT_TRUE(run.graph.findNode("model.0.bn").has_value()) << "batch norms stay";
    const ValueId scale = *run.graph.findValue("model.0.act.log2_scale");
    EXPECT_EQ(run.graph.value(scale).kind, ValueKind::Parameter);
    EXPECT_NE(run.graph.value(scale).data->item<float>(), std::log2(6.0f / 15)) << "learned";
    EXPECT_NEAR(run.graph.value(scale).data->item<float>(), std::log2(6.0f / 15), 0.5);
}

TEST(Lpyolo, TheHostSideIsTheNetworksOwnPathToTheBit) {
    const Graph graph = lively(trained().graph);
    const at::Tensor images = pictures(3, 7);
    HostSide host(graph);
    EXPECT_EQ(host.scale(0), 1.0f / 127);
    const at::Tensor bytes = HostSide::bytesOf(images);
    EXPECT_EQ(bytes.sizes(), (at::IntArrayRef{3, 64, 64, 3}));
    const std::vector<at::Tensor> codes = host.accelerated(bytes);
    ASSERT_EQ(codes.size(), 1u);
    EXPECT_EQ(codes[0].scalar_type(), at::kChar);
    EXPECT_EQ(codes[0].sizes(), (at::IntArrayRef{3, 2, 2, 33}));
    EXPECT_GT(codes[0].to(at::kFloat).abs().max().item<float>(), 1);
    const at::Tensor own = decodedBy(hardTanhForm(graph), images);
    EXPECT_TRUE(at::equal(host.decoded(codes), own));
    EXPECT_TRUE(at::equal(host.run(images), own));
    EXPECT_FALSE(at::equal(own, decodedBy(graph, images))) << "sigmoids are other curves";
    HostSide other(graph, at::full({1}, 1.0f / 64));
    EXPECT_FALSE(at::equal(other.decoded(codes), own)) << "the scale that was given counts";
}

// The accelerator's arithmetic by hand: the last convolution's sums, halved and cut.
TEST(Lpyolo, CodesAreThoseOfTheClippedMap) {
    const Graph graph = lively(trained().graph);
    const at::Tensor images = pictures(2, 9);
    const Graph own = inferenceForm(graph);
    const at::Tensor map = Executor(own, {.outputs = {"head.0"}}).run(images).front();
    const at::Tensor expected = at::round(at::clamp(map / 2, -1, 1) / (1.0f / 127)).permute({0, 2, 3, 1});
    HostSide host(graph);
    const at::Tensor codes = host.accelerated(HostSide::bytesOf(images)).front();
    EXPECT_GT(std::get<0>(at::_unique(codes)).numel(), 100) << "there is something to compare";
    EXPECT_TRUE(at::equal(codes.to(at::kFloat), expected.contiguous()));
}

TEST(Lpyolo, FilesHaveTheHardTanhHeadWhereItIsAskedFor) {
    Trained run("lpyolo_2w4a", {{"export.hard_tanh", "true"}, {"export.formats", "onnx"}});
    EXPECT_EQ(run.outcome.status, JobStatus::Completed) << (run.outcome.gates.empty() ? "" : run.outcome.gates.front());
    const std::string file = readFile(run.request.out / "exports/model.onnx");
    EXPECT_NE(file.find("/model.14/conv/half"), std::string::npos);
    EXPECT_EQ(file.find("Sigmoid"), std::string::npos);
}

TEST(Lpyolo, ModelsWithoutAnchorsAreRefusedBeforeTheyTrain) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    EXPECT_NE(job.set("export.hard_tanh", "true").failure(ErrorKind::Unsupported).find("only heads with anchors"),
              std::string::npos);
}

TEST(Lpyolo, HostsOfOtherModelsSayWhatIsMissing) {
    Graph none;
    EXPECT_NE(hostSideTrouble(none).find("anchors"), std::string::npos);
    Graph floating = trained().graph.clone(false);
    EXPECT_EQ(hostSideTrouble(floating), "");
    floating = floatForm(floating);
    EXPECT_NE(hostSideTrouble(floating).find("in float"), std::string::npos);
    EXPECT_THROW(HostSide{floating}, Error);
    EXPECT_THROW(HostSide(trained().graph, at::zeros({1})), Error);
    EXPECT_THROW(HostSide(trained().graph, at::ones({2})), Error);
}

// Two levels, with convolutions in the head.
std::string twoLevels(int weightBits, int activationBits) {
    return str("nc: 2\nanchors:\n  - [8,8, 16,16]\n  - [24,24, 40,40]\nbit_width: [8, ", weightBits, ", ",
               activationBits, R"(, 8]
backbone:
  - [-1, 1, QuantConv, [8, 3, 2, None, 1, True, True, in_weight_bit_width, act_bit_width]]
  - [-1, 1, QuantConv, [16, 3, 2, None, 1, True, True, weight_bit_width, act_bit_width]]
  - [-1, 1, nn.MaxPool2d, [2, 2, 0]]
head:
  - [-1, 1, QuantConv, [24, 3, 1, None, 1, True, True, weight_bit_width, act_bit_width]]
  - [[1, 3], 1, Detect, [nc, anchors, True, use_hardtanh, True, out_weight_bit_width]]
)");
}

class HostWidths : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(HostWidths, AreTheNetworksOwnPathToTheBit) {
    Layout layout = layoutFromYaml(twoLevels(GetParam().first, GetParam().second));
    layout.family = "two", layout.isOwn = true;
    Random random(11);
    Graph graph = buildDetector(layout, &random);
    Config config;
    config.qat.fuseModules = false;
    const QuantizerSet set(graph, resolvePlan(graph, config));
    graph = lively(graph);
    const at::Tensor images = pictures(2, 4);
    HostSide host(graph);
    const std::vector<at::Tensor> codes = host.accelerated(HostSide::bytesOf(images));
    ASSERT_EQ(codes.size(), 2u);
    EXPECT_EQ(codes[0].sizes(), (at::IntArrayRef{2, 16, 16, 14}));
    EXPECT_EQ(codes[1].sizes(), (at::IntArrayRef{2, 8, 8, 14}));
    EXPECT_TRUE(at::equal(host.decoded(codes), decodedBy(hardTanhForm(graph), images)));
    for (const at::Tensor& each : codes) EXPECT_GT(std::get<0>(at::_unique(each)).numel(), 50);
    EXPECT_THROW(host.decoded({codes[0]}), Error);
}

INSTANTIATE_TEST_SUITE_P(All, HostWidths,
                         testing::Values(std::pair{1, 1}, std::pair{1, 2}, std::pair{2, 2}, std::pair{4, 4},
                                         std::pair{8, 8}),
                         [](const auto& info) { return str(info.param.first, "w", info.param.second, "a"); });

class LpyoloPreset : public testing::TestWithParam<const char*> {};

TEST_P(LpyoloPreset, SaysWhatItsNameSays) {
    const std::string name = GetParam();
    const Config config = loadConfig(preset("lpyolo_" + name));
    const ModelDescription model = describeModel(config);
    ASSERT_EQ(model.layers.size(), 10u);
    for (const LayerInfo& layer : model.layers) {
        const bool outer = &layer == &model.layers.front() || &layer == &model.layers.back();
        EXPECT_EQ(layer.weightBits, outer ? 8 : name[0] - '0') << layer.name;
        EXPECT_EQ(layer.activationBits, &layer == &model.layers.front() ? 8 : name[2] - '0') << layer.name;
    }
    EXPECT_FALSE(config.qat.fuseModules);
    ASSERT_FALSE(model.policies.empty());
    EXPECT_EQ(model.policies.front().name, "network");
    EXPECT_EQ(model.policies.front().layers, 10);
}

INSTANTIATE_TEST_SUITE_P(All, LpyoloPreset, testing::Values("2w4a", "3w5a", "4w2a", "4w4a", "6w4a", "8w3a"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace qat::test
