// Checkpoints: what goes in comes back bit by bit, and another job's is refused.
#include "train/train_state.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "import/safetensors.h"
#include "loss/yolov8_loss.h"
#include "support/assets.h"
#include "support/bad_input.h"
#include "task/detect_metrics.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

// Everything a run consists of, some steps in.
struct Live {
    Graph graph = tinyDetector();
    Config config = tinyConfig(Quantize::Lsq);
    QuantizerSet quantizers = insertCalibrated(graph, config);
    std::optional<Ema> ema;
    std::optional<Optimizer> optimizer;
    std::optional<Stabilizer> stabilizer;
    Yolov8Loss loss{{}, {}};
    HookSink sink;
    const TrainJob job{.graph = graph,
                       .loss = loss,
                       .config = config,
                       .data = nullptr,
                       .checkpointFolder = {},
                       .weightsFolder = {},
                       .validate = {},
                       .epochDone = {}};
    Sentinel sentinel{job, nullptr, sink};

    explicit Live(uint64_t seed, OptimizerKind kind = OptimizerKind::AdamW) {
        config.train.optimizer = kind;
        optimizer.emplace(trainedParameters(graph, config.train), config.train);
        ema.emplace(graph, config.ema);
        OscillationConfig everything;
        everything.momentum = 0.5;
        everything.freeze = {.threshold = 0.1, .startThreshold = 0.1, .begin = 0};
        stabilizer.emplace(graph, quantizers, everything);
        Random random(seed);
        for (int step = 0; step < 3; ++step) oneStep(random);
    }
    void oneStep(Random& random) {
        for (const ValueId id : graph.storedValues()) {
            at::Tensor& tensor = *graph.value(id).data;
            if (graph.value(id).kind != ValueKind::Parameter) continue;
            at::Tensor gradient = at::empty_like(tensor);
            for (int64_t i = 0; i < gradient.numel(); ++i)
                gradient.data_ptr<float>()[i] = static_cast<float>(random.normal());
            tensor.mutable_grad() = gradient;
        }
        optimizer->step(settingsAt(config.train, 10, 4));
        ema->update(graph);
        stabilizer->afterStep(1);
    }
    TrainObjects objects() { return {graph, &*ema, *optimizer, &*stabilizer, &quantizers, sentinel}; }
};

TrainPosition somewhere() {
    TrainPosition position{1, 2, 6, {{"box", 0.1}, {"cls", 1.0 / 3.0}, {"dfl", 1e-300}}, 0.7, {}};
    position.outcome.epochs = {
        {1, {{"box", 1.1}, {"cls", 2.2}, {"dfl", 3.3}}, detectMetrics(0.1, 0.2, 0.3, 1.0 / 3.0), 1e-3, 2e-3, 3e-3}};
    position.outcome.epochs.front().raw = detectMetrics(0, 0, 0.5, 2.0 / 3.0);
    position.outcome.bestEpoch = 1;
    position.outcome.exhausted = true;
    return position;
}

TEST(TrainState, ComesBackBitByBit) {
    const ScratchFolder scratch;
    Live saved(1), loaded(2);
    ASSERT_NE(storedBytes(saved.graph), storedBytes(loaded.graph));
    const TrainPosition before = somewhere();
    saveTrainState(scratch.path() / "a", "job", before, saved.objects());
    const TrainPosition after = loadTrainState(scratch.path() / "a", "job", loaded.objects());
    EXPECT_EQ(storedBytes(saved.graph), storedBytes(loaded.graph));
    EXPECT_EQ(storedBytes(saved.ema->graph()), storedBytes(loaded.ema->graph()));
    EXPECT_EQ(after.epoch, 1);
    EXPECT_EQ(after.batch, 2);
    EXPECT_EQ(after.step, 6);
    for (size_t term = 0; term < 3; ++term) {
        EXPECT_EQ(after.lossSums.at(term).name, before.lossSums.at(term).name);
        EXPECT_EQ(after.lossSums.at(term).value, before.lossSums.at(term).value);
    }
    EXPECT_EQ(after.bestFitness, before.bestFitness);
    EXPECT_TRUE(after.outcome.exhausted);
    ASSERT_EQ(after.outcome.epochs.size(), 1u);
    EXPECT_EQ(after.outcome.epochs[0].lrNorm, 3e-3);
    EXPECT_EQ(after.outcome.epochs[0].score(), 1.0 / 3.0);
    EXPECT_EQ(after.outcome.epochs[0].metrics.fitness, before.outcome.epochs[0].metrics.fitness);
    EXPECT_EQ(after.outcome.epochs[0].raw->score(), 2.0 / 3.0);
    // A second generation is the same file: nothing was lost on the way, moments and oscillation included.
    saveTrainState(scratch.path() / "b", "job", after, loaded.objects());
    EXPECT_EQ(readFile(scratch.path() / "a"), readFile(scratch.path() / "b"));
    Random one(9), two(9);
    saved.oneStep(one);
    loaded.oneStep(two);
    EXPECT_EQ(storedBytes(saved.graph), storedBytes(loaded.graph));
}

// The sentinel's memory is its own, and part of the file.
TEST(TrainState, TheSentinelRemembers) {
    const ScratchFolder scratch;
    Live saved(1), loaded(1);
    saved.sentinel.restore({.lrFactor = 1.0 / 3.0,
                            .retries = 1,
                            .below = 2,
                            .lostSteps = 3,
                            .dyingScale = "model.1",
                            .incidents = {{Trouble::LostSteps, 4, 5, "", "b", "c", GateReaction::Retry}}});
    saveTrainState(scratch.path() / "a", "job", somewhere(), saved.objects());
    loadTrainState(scratch.path() / "a", "job", loaded.objects());
    const SentinelState& state = loaded.sentinel.state();
    EXPECT_EQ(state.lrFactor, 1.0 / 3.0);
    EXPECT_EQ(state.retries, 1);
    EXPECT_EQ(state.below, 2);
    EXPECT_EQ(state.lostSteps, 3);
    EXPECT_EQ(state.dyingScale, "model.1");
    ASSERT_EQ(state.incidents.size(), 1u);
    EXPECT_EQ(state.incidents.front().trouble, Trouble::LostSteps);
}

TEST(TrainState, SourcesThatLeadComeBack) {
    const ScratchFolder scratch;
    Live saved(1), loaded(1);
    const auto leads = [](Live& live) -> Quantizer& {
        return *std::ranges::find(live.quantizers.all(), false, &Quantizer::weight);
    };
    leads(saved).leader = 0;
    saveTrainState(scratch.path() / "a", "job", somewhere(), saved.objects());
    loadTrainState(scratch.path() / "a", "job", loaded.objects());
    EXPECT_EQ(leads(loaded).leader, std::optional<size_t>(0));
    leads(saved).leader = 7;
    saveTrainState(scratch.path() / "b", "job", somewhere(), saved.objects());
    const std::string message = badInput([&] { loadTrainState(scratch.path() / "b", "job", loaded.objects()); });
    EXPECT_NE(message.find("another source"), std::string::npos) << message;
}

// Format 2: files with these numbers are read by this and every later version. A number that is added needs a default
// for files without it, and joins the list; one that is dropped or means something else needs a new version.
TEST(TrainState, FormatTwo) {
    const ScratchFolder scratch;
    Live live(1);
    saveTrainState(scratch.path() / "a", "job", somewhere(), live.objects());
    const auto numbers =
        nlohmann::json::parse(readSafetensors(scratch.path() / "a").metadata.at("qatelier.train_state"));
    std::set<std::string> keys;
    for (const auto& [key, value] : numbers.items()) keys.insert(key);
    EXPECT_EQ(keys, (std::set<std::string>{
                        "batch",       "below",     "best_epoch", "best_fitness", "distill_sum", "dying_scale",
                        "ema_updates", "epoch",     "epochs",     "exhausted",    "halted",      "identity",
                        "incidents",   "loss_sums", "lost_steps", "lr_factor",    "observers",   "optimizer_steps",
                        "planned",     "retries",   "step",       "tuned",        "tuning",      "version"}));
    EXPECT_EQ(numbers["version"], 2);
    EXPECT_EQ(numbers["epochs"][0].size(), 9u);
}

// A file of version 1: an epoch is a row of 13, with the figures of a detector by their place.
TEST(TrainState, ReadsFormatOne) {
    const ScratchFolder scratch;
    const auto file = scratch.path() / "state";
    Live live(1);
    saveTrainState(file, "job", somewhere(), live.objects());
    Safetensors stored = readSafetensors(file);
    auto numbers = nlohmann::json::parse(stored.metadata.at("qatelier.train_state"));
    numbers["version"] = 1;
    numbers["epochs"] = nlohmann::json::parse(
        R"([[1, [["box", "1p+0"]], "1p-1", "1p-2", "1p-3", "1p-4", "1p-5", "1p-6", "1p-7", null, "1p-8", "1p-9", true]])");
    writeSafetensors(file, stored.tensors, {{"qatelier.train_state", numbers.dump()}});
    const TrainPosition position = loadTrainState(file, "job", live.objects());
    ASSERT_EQ(position.outcome.epochs.size(), 1u);
    const EpochResult& epoch = position.outcome.epochs.front();
    EXPECT_EQ(epoch.metrics.of("precision"), 0.5);
    EXPECT_EQ(epoch.metrics.of("recall"), 0.25);
    EXPECT_EQ(epoch.metrics.of("mAP50"), 0.125);
    EXPECT_EQ(epoch.score(), 0.0625);
    EXPECT_EQ(epoch.lrNorm, std::exp2(-7));
    EXPECT_FALSE(epoch.distillLoss);
    EXPECT_EQ(epoch.raw->score(), std::exp2(-9));
    EXPECT_TRUE(epoch.easier);
}

TEST(TrainState, RefusesAnotherJob) {
    const ScratchFolder scratch;
    const auto file = scratch.path() / "state";
    Live live(1);
    saveTrainState(file, "job", somewhere(), live.objects());
    const auto untouched = storedBytes(live.graph);
    Live other(2);
    const auto before = storedBytes(other.graph);
    const std::string message = badInput([&] { loadTrainState(file, "another", other.objects()); });
    EXPECT_NE(message.find(file.string()), std::string::npos) << message;
    EXPECT_NE(message.find("another model, data or configuration"), std::string::npos) << message;
    EXPECT_EQ(storedBytes(other.graph), before);
}

TEST(TrainState, RefusesAnotherOptimizer) {
    const ScratchFolder scratch;
    Live sgd(1, OptimizerKind::Sgd), adam(1);
    saveTrainState(scratch.path() / "state", "job", somewhere(), sgd.objects());
    const std::string message = badInput([&] { loadTrainState(scratch.path() / "state", "job", adam.objects()); });
    EXPECT_NE(message.find("optimizer state does not fit"), std::string::npos) << message;
}

TEST(TrainState, RefusesWhatIsNoCheckpoint) {
    const ScratchFolder scratch;
    const auto file = scratch.path() / "state";
    Live live(1);
    saveTrainState(file, "job", somewhere(), live.objects());
    const std::string whole = readFile(file);
    for (const std::string& bytes :
         {std::string(), std::string("nonsense"), whole.substr(0, 4000), whole.substr(0, whole.size() - 1)}) {
        writeFileAtomic(file, bytes);
        const std::string message = badInput([&] { loadTrainState(file, "job", live.objects()); });
        EXPECT_NE(message.find(file.string()), std::string::npos) << message;
    }
    EXPECT_THROW(loadTrainState(scratch.path() / "none", "job", live.objects()), Error);
}

// Metadata with a field missing or of another type.
TEST(TrainState, RefusesDamagedMetadata) {
    const ScratchFolder scratch;
    const auto file = scratch.path() / "state";
    Live live(1);
    TrainPosition position = somewhere();
    position.step = 16;
    live.sentinel.restore({.incidents = {{Trouble::DeadScale, 1, 16, "a", "b", "c", GateReaction::Stop}}});
    saveTrainState(file, "job", position, live.objects());
    const std::string whole = readFile(file);
    for (const auto& [from, to] : {std::pair{"best_epoch", "best_epoxx"},
                                   {"\\\"step\\\":16", "\\\"step\\\":{6"},
                                   {"\\\"step\\\":16", "\\\"step\\\":-6"},
                                   {"\\\"retries\\\":0", "\\\"retries\\\":\""},
                                   {"[[2,1,16,", "[[9,1,16,"},
                                   {"\\\"c\\\",1]]", "\\\"c\\\",7]]"}}) {
        std::string damaged = whole;
        const size_t at = damaged.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        damaged.replace(at, std::string(from).size(), to);
        writeFileAtomic(file, damaged);
        const std::string message = badInput([&] { loadTrainState(file, "job", live.objects()); });
        EXPECT_NE(message.find(file.string()), std::string::npos) << from << ": " << message;
        EXPECT_EQ(message.find("json.exception"), std::string::npos) << message;
    }
}

}  // namespace
}  // namespace qat::test
