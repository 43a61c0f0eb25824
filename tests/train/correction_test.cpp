// Quantization correction of a tiny detector: what it trains, what it leaves alone, its settings, its checkpoint.
#include "train/correction.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "run/executor.h"
#include "support/assets.h"
#include "support/tensors.h"
#include "task/task.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

// One correction of a fresh quantized detector.
struct TinyCorrection {
    explicit TinyCorrection(Quantize quantize = Quantize::Lsq) : config(tinyConfig(quantize)) {
        config.qc.enabled = true;
        config.qc.lr = 0.01;
    }

    Config config;
    HookSink sink;
    CancelToken cancel;
    const ScratchFolder scratch;
    std::optional<std::filesystem::path> elsewhere;
    Graph graph;
    std::vector<std::pair<std::string, std::string>> before;
    std::vector<double> losses;

    CorrectionOutcome run(bool resume = false) {
        graph = tinyDetector();
        const QuantizerSet quantizers = insertCalibrated(graph, config);
        before = storedBytes(graph);
        sink.onScalar = [&](std::string_view series, double, double value) {
            if (series == "qc/loss") losses.push_back(value);
        };
        const std::shared_ptr<const Dataset> data = openDataset(config.data.path, DataSplit::Train);
        const auto loss = taskOf(graph.info).makeLoss(graph, config.train, *data);
        const CorrectionJob job{.graph = graph,
                                .loss = *loss,
                                .quantizers = quantizers,
                                .config = config,
                                .data = data,
                                .checkpointFolder = elsewhere.value_or(scratch.path()),
                                .resume = resume};
        return correctQuantization(job, sink, cancel);
    }
    std::vector<at::Tensor> heads() const {
        return Executor(graph, {.outputs = {"head.0", "head.1"}}).run(randomTensor({2, 3, 64, 64}, 7, 0, 1));
    }
    double meanLoss(size_t from, size_t count) const {
        double sum = 0;
        for (size_t i = from; i < from + count; ++i) sum += losses.at(i);
        return sum / static_cast<double>(count);
    }
};

TEST(Correction, LowersTheLossAndTouchesNothingElse) {
    TinyCorrection run;
    run.config.qc.epochs = 8;
    run.config.qc.fold = QcFold::Never;
    const CorrectionOutcome outcome = run.run();
    EXPECT_EQ(outcome.steps, 8 * 4);
    ASSERT_EQ(run.losses.size(), 32u);
    EXPECT_LT(run.meanLoss(28, 4), 0.97 * run.meanLoss(0, 4));
    const auto after = storedBytes(run.graph);
    const std::map<std::string, std::string> stored(after.begin(), after.end());
    for (const auto& [name, bytes] : run.before) EXPECT_EQ(stored.at(name), bytes) << name;
    EXPECT_EQ(stored.size(), run.before.size() + 2 * outcome.layers.size());
}

TEST(Correction, WithoutARateChangesNoBit) {
    for (const Quantize quantize : {Quantize::Ste, Quantize::Lsq}) {
        TinyCorrection run(quantize);
        run.config.qc.lr = 0;
        run.run();
        const auto corrected = run.heads();
        run.graph = tinyDetector();
        insertCalibrated(run.graph, run.config);
        const auto plain = run.heads();
        for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(at::equal(corrected[i], plain[i]));
    }
}

TEST(Correction, HigherRateGoesFurther) {
    const auto furthest = [](double lr) {
        TinyCorrection run;
        run.config.qc.lr = lr;
        double distance = 0;
        for (const LayerCorrection& layer : run.run().layers) distance = std::max(distance, layer.gammaMax - 1);
        return distance;
    };
    EXPECT_GT(furthest(0.02), 5 * furthest(0.001));
}

TEST(Correction, FormsOfFolding) {
    const auto formOf = [](QcFold fold, const char* layer) {
        TinyCorrection run;
        run.config.quantization.weight.scheme = Scheme::PerTensor;
        run.config.qc.fold = fold;
        const CorrectionOutcome outcome = run.run();
        EXPECT_EQ(outcome.addedBytes > 0, fold != QcFold::Auto || outcome.layers.back().form != AffineForm::Norm);
        for (const LayerCorrection& found : outcome.layers)
            if (found.layer == layer) return found.form;
        ADD_FAILURE() << layer;
        return AffineForm::Norm;
    };
    const char* inner = "model.0.conv";    // a batch norm after it
    const char* last = "model.5.cv2.0.2";  // none
    EXPECT_EQ(formOf(QcFold::Auto, inner), AffineForm::Norm);
    EXPECT_EQ(formOf(QcFold::Auto, last), AffineForm::Operations);
    EXPECT_EQ(formOf(QcFold::PerChannel, last), AffineForm::Scales);
    EXPECT_EQ(formOf(QcFold::Never, inner), AffineForm::Operations);
}

// All ways of keeping a correction are the same function.
TEST(Correction, FoldedEqualsUnfolded) {
    std::vector<at::Tensor> expected;
    for (const QcFold fold : {QcFold::Never, QcFold::Auto, QcFold::PerChannel}) {
        TinyCorrection run;
        run.config.qc.epochs = 3;
        run.config.qc.fold = fold;
        run.config.quantization.activation.bitWidth = 16;  // roundings of a coarse grid would hide small differences
        run.run();
        const auto got = run.heads();
        if (expected.empty()) expected = got;
        for (size_t i = 0; i < got.size(); ++i) EXPECT_LT(relativeDifference(got[i], expected[i]), 1e-4);
    }
}

TEST(Correction, LayersChoosesWhatIsCorrected) {
    TinyCorrection run;
    run.config.qc.layers = {"^model\\.[01]\\."};
    const CorrectionOutcome outcome = run.run();
    ASSERT_EQ(outcome.layers.size(), 2u);
    EXPECT_EQ(outcome.layers[0].layer, "model.0.conv");
    EXPECT_EQ(outcome.layers[1].layer, "model.1.conv");
}

std::string failureOf(TinyCorrection& run, bool resume = false) {
    try {
        run.run(resume);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "";
}

TEST(Correction, RefusesLayersThatAreNone) {
    TinyCorrection run;
    run.config.qc.layers = {"model", "nothing"};
    EXPECT_EQ(failureOf(run), "qc.layers holds nothing, which matches no quantized convolution");
}

TEST(Correction, ResumesBitByBit) {
    TinyCorrection whole;
    whole.config.qc.epochs = 2;
    whole.run();
    for (const int at : {2, 4, 6}) {
        TinyCorrection stopped;
        stopped.config.qc.epochs = 2;
        stopped.sink.onProgress = [&](std::string_view, int64_t done) {
            if (done == at) stopped.cancel.request(StopLevel::FinishBatch);
        };
        EXPECT_TRUE(stopped.run().stopped);
        TinyCorrection resumed;
        resumed.config.qc.epochs = 2;
        resumed.elsewhere = stopped.scratch.path();
        EXPECT_EQ(resumed.run(true).steps, 8);
        EXPECT_EQ(resumed.losses.size(), static_cast<size_t>(8 - at));
        EXPECT_EQ(storedBytes(resumed.graph), storedBytes(whole.graph)) << "stopped at " << at;
    }
}

// A crash loses what came after the last periodic checkpoint, and only that.
TEST(Correction, ResumesBehindACrash) {
    TinyCorrection whole, crashed, resumed;
    for (TinyCorrection* run : {&whole, &crashed, &resumed}) run->config.train.checkpointEvery = 2;
    whole.run();
    crashed.sink.onProgress = [&](std::string_view, int64_t done) {
        if (done == 3) crashed.cancel.request(StopLevel::Abandon);
    };
    EXPECT_THROW(crashed.run(), Error);
    resumed.elsewhere = crashed.scratch.path();
    resumed.run(true);
    EXPECT_EQ(resumed.losses.size(), 2u);
    EXPECT_EQ(storedBytes(resumed.graph), storedBytes(whole.graph));
}

TEST(Correction, ADamagedCheckpointIsNamed) {
    TinyCorrection first, other;
    first.run();
    const auto file = first.scratch.path() / "correction_state.safetensors";
    std::string bytes = readFile(file);
    bytes.replace(bytes.find("\\\"steps\\\""), 9, "\\\"stepx\\\"");
    std::filesystem::remove(first.scratch.path() / "correction_state.previous.safetensors");
    writeFileAtomic(file, bytes);
    other.elsewhere = first.scratch.path();
    const std::string failure = failureOf(other, true);
    EXPECT_NE(failure.find("correction_state.safetensors is damaged"), std::string::npos) << failure;
}

TEST(Correction, AnotherConfigurationMayNotGoOn) {
    TinyCorrection first, other;
    first.run();
    other.elsewhere = first.scratch.path();
    other.config.qc.lr = 0.02;
    EXPECT_NE(failureOf(other, true).find("another model, data or configuration"), std::string::npos);
}

}  // namespace
}  // namespace qat::test
