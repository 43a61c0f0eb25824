// A run folder of a network that is no detector: written by the program's writers, under its own names. What readers
// of run folders are tested with is recorded here (QATELIER_RECORD_RUN=1 records it anew).
#include <gtest/gtest.h>

#include <cstdlib>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "config/config_io.h"
#include "report/reported_run.h"
#include "session/event_log.h"
#include "session/previews.h"
#include "session/run_folder.h"
#include "session/summary.h"
#include "support/assets.h"
#include "support/json_schema.h"
#include "support/recorded_run.h"
#include "task/classify_task.h"
#include "train/tiny_classifier.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

using nlohmann::json;

constexpr const char* kFiles[] = {"events.jsonl", "results.csv", "run_summary.json", "config.yaml"};

// What the stages load, train and evaluate do, of a task that taskOf() does not know.
class ClassifierFolder : public testing::Test {
protected:
    const ScratchFolder scratch;
    ClassifyTask task;
    RunFolder folder{scratch.path() / "run"};
    HookSink silent;
    EventLog log{made(folder.root), silent};
    SummaryFacts facts;
    TinyRun run{tinyConfig(Quantize::Lsq), folder.root};

    ClassifierFolder() {
        writeClassFolders(scratch.path() / "pictures", 16, 6);
        run.config.data.path = (scratch.path() / "pictures").string();
        run.config.model.architecture = "classifier", run.config.model.variant = "t";
        run.config.ema.evaluateRaw = true;
        run.network = tinyClassifier;
        run.labels = task.labels();
        run.loss = task.makeLoss(tinyClassifier(), {}, *data(DataSplit::Train));
        run.measure = [this](const Graph& graph) { return measured(graph).metrics; };
        run.sink.onScalar = [this](auto name, double x, double value) { log.scalar(name, x, value); };
        facts.runId = "recorded_classifier";
        facts.createdAt = "2026-11-21T10:00:00+00:00";
        facts.task = &task;
    }

    static std::filesystem::path made(const std::filesystem::path& path) {
        std::filesystem::create_directories(path);
        return path;
    }
    std::shared_ptr<const Dataset> data(DataSplit split) const {
        return openDataset(run.config.data.path, split, DataCheck::Strict, task.labels());
    }
    Measurement measured(const Graph& graph) const {
        LoaderOptions options;
        options.imgsz = 64, options.workers = 0;
        Loader loader(data(DataSplit::Val), options);
        return task.measure(graph, loader, true, CancelToken(), {});
    }
    Measurement tell(std::string_view model, const Graph& graph, std::optional<Metrics>& slot) {
        Measurement found = measured(graph);
        slot = found.metrics;
        for (const Metric& metric : slot->headlines())
            log.scalar(series::accuracy(model, metric.label), 0, metric.value);
        return found;
    }
    void perform() {
        log.begin(
            {facts.runId, "classifiert", "w4a8", "pictures", run.config.train.epochs, {"load", "train"}, false, true});
        log.judgedBy(task.metrics());
        log.setClassNames(tinyClassifier().info.classNames);
        const Measurement fp32 = tell(series::kFp32, tinyClassifier(), facts.outcome.fp32);
        log.stageBegun(stages::kTrain);
        facts.training = run.train();
        log.stageEnded(stages::kTrain, 1);
        const Measurement final = tell(series::kFinal, *run.graph, facts.outcome.final);
        for (const ImageRow& row :
             previewRows(task, folder, *data(DataSplit::Val), fp32.detections, final.detections, "qat", 4))
            log.image(row);
        facts.valImages = final.images;
        facts.status = run_status::kSuccess;
        writeFileAtomic(folder.config(), writeConfig(run.config));
        writeResults(folder.results(), facts.training.epochs);
        writeSummary(folder, run.config, facts);
        log.end(facts.status, "");
    }
};

json withoutNumbers(json value) {
    for (json& member : value) {
        if (member.is_structured()) member = withoutNumbers(member);
        if (member.is_number()) member = 0;
    }
    return value;
}

TEST_F(ClassifierFolder, HasTheNamesOfItsOwnMetrics) {
    perform();
    const json summary = readJson(folder.summary());
    EXPECT_EQ(schemaErrors(readJson(std::filesystem::path(QATELIER_SOURCE_RESOURCES) / "docs/run_summary.schema.json"),
                           summary),
              std::vector<std::string>{});
    EXPECT_EQ(summary["metrics"]["primary_name"], "metrics/accuracy_top1");
    EXPECT_EQ(summary["metrics"]["fp32"], (json{{"top-1", facts.outcome.fp32->score()}}));
    EXPECT_FALSE(summary["metrics"]["measured"].contains("nms_iou")) << "there is nothing to suppress";
    const std::string head = readFile(folder.results()).substr(0, 400);
    EXPECT_NE(head.find("metrics/accuracy_top1"), std::string::npos) << head;
    for (const char* file : kFiles)
        EXPECT_EQ(readFile(folder.root / file).find("mAP50-95(B)"), std::string::npos) << file;

    const ReportedRun read = readRun(folder.root);
    EXPECT_EQ(read.events.metrics.metrics, task.metrics().metrics);
    EXPECT_EQ(*read.score(series::kFinal), facts.outcome.final->score());
    EXPECT_EQ(*read.events.scores()->last(), facts.training.epochs.back().score());
    EXPECT_TRUE(read.events.find(series::ofRawEpochs("accuracy_top1")));
}

// What is found is a class, in a box around the whole picture; the pictures that lost most come first.
TEST_F(ClassifierFolder, ShowsWhatQuantizationChangedInPictures) {
    const Measurement fp32 = measured(tinyClassifier());
    Measurement other = fp32;
    Detection& flipped = other.detections.at(2).detections.front();
    flipped.classIndex = (flipped.classIndex + 1) % 6;
    other.detections.at(4).detections.front().score -= 0.01f;
    const auto rows = previewRows(task, folder, *data(DataSplit::Val), fp32.detections, other.detections, "ptq", 2);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].image, fp32.detections[2].path);
    EXPECT_EQ(rows[1].image, fp32.detections[4].path);
    EXPECT_EQ(rows[0].quantized.front().box, (Box{0, 0, 64, 64}));
    EXPECT_NE(rows[0].quantized.front().classIndex, rows[0].fp32.front().classIndex);
}

// Pictures of one file have its name in common.
TEST_F(ClassifierFolder, ShowsEveryPictureOfAFileAsItself) {
    std::string batch;
    for (const char shade : {20, 90}) batch += '\0' + std::string(3 * 32 * 32, shade);
    writeFileAtomic(scratch.path() / "test_batch.bin", batch);
    const auto set =
        openDataset("cifar10:" + scratch.path().string(), DataSplit::Val, DataCheck::Strict, task.labels());
    std::vector<ImageDetections> found;
    for (int64_t i = 0; i < set->size(); ++i) found.push_back({set->path(i), 32, 32, {{Box{0, 0, 32, 32}, 1, 0}}, {}});
    std::filesystem::create_directories(folder.root / "previews");
    const auto rows = previewRows(task, folder, *set, found, found, "ptq", 2);
    ASSERT_EQ(rows.size(), 2u);
    for (size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(cv::imread((folder.root / rows[i].preview).string()).at<cv::Vec3b>(0, 0)[0], i == 0 ? 20 : 90)
            << rows[i].preview;
}

TEST_F(ClassifierFolder, IsWhatReadersAreTestedWith) {
    perform();
    if (std::getenv("QATELIER_RECORD_RUN"))
        for (const char* file : kFiles) {
            std::string text = readFile(folder.root / file);
            for (size_t at; (at = text.find(scratch.path().string())) != std::string::npos;)
                text.replace(at, scratch.path().string().size(), "recorded_classifier");
            writeFileAtomic(recordedClassifier() / file, text);
        }
    const json recorded = readJson(recordedClassifier() / run_files::kSummary);
    EXPECT_EQ(withoutNumbers(recorded["metrics"]), withoutNumbers(readJson(folder.summary())["metrics"]));
    EXPECT_EQ(readRun(recordedClassifier()).events.metrics.metrics, task.metrics().metrics);
}

}  // namespace
}  // namespace qat::test
