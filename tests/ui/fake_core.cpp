// The scripted core.
#include "ui/fake_core.h"

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/files.h"
#include "config/config_io.h"
#include "config/pattern.h"
#include "runs/folder.h"
#include "session/clock.h"
#include "session/export_run.h"
#include "session/inspect.h"
#include "session/placement.h"
#include "session/run_lock.h"
#include "session/session.h"
#include "support/detection_series.h"
#include "support/event_file.h"
#include "support/recorded_run.h"
#include "task/detect_metrics.h"

namespace qat {
namespace {

using nlohmann::json;
using test::EventFile;

struct Conv {
    const char* name;
    int64_t out, in, kernel, size;
};

// The first layers of a small detector; names as checkpoints have them.
constexpr Conv kConvs[] = {
    {"model.0.conv", 16, 3, 3, 320},          {"model.1.conv", 32, 16, 3, 160},
    {"model.2.cv1.conv", 32, 32, 1, 160},     {"model.2.m.0.cv1.conv", 16, 16, 3, 160},
    {"model.2.m.0.cv2.conv", 16, 16, 3, 160}, {"model.2.cv2.conv", 32, 48, 1, 160},
    {"model.3.conv", 64, 32, 3, 80},          {"model.4.cv1.conv", 64, 64, 1, 80},
    {"model.4.m.0.cv1.conv", 32, 32, 3, 80},  {"model.4.m.0.cv2.conv", 32, 32, 3, 80},
    {"model.4.m.1.cv1.conv", 32, 32, 3, 80},  {"model.4.m.1.cv2.conv", 32, 32, 3, 80},
    {"model.4.cv2.conv", 64, 128, 1, 80},     {"model.5.conv", 128, 64, 3, 40},
    {"model.6.cv1.conv", 128, 128, 1, 40},    {"model.6.m.0.cv1.conv", 64, 64, 3, 40},
    {"model.6.m.0.cv2.conv", 64, 64, 3, 40},  {"model.6.m.1.cv1.conv", 64, 64, 3, 40},
    {"model.6.m.1.cv2.conv", 64, 64, 3, 40},  {"model.6.cv2.conv", 128, 256, 1, 40},
    {"model.7.conv", 256, 128, 3, 20},        {"model.8.cv1.conv", 256, 256, 1, 20},
    {"model.8.cv2.conv", 256, 384, 1, 20},    {"model.9.cv1.conv", 128, 256, 1, 20},
    {"model.9.cv2.conv", 256, 512, 1, 20},    {"model.22.cv2.0.0.conv", 64, 64, 3, 80},
    {"model.22.cv2.0.1.conv", 64, 64, 3, 80}, {"model.22.cv2.0.2", 64, 64, 1, 80},
    {"model.22.cv3.0.0.conv", 80, 64, 3, 80}, {"model.22.cv3.0.1.conv", 80, 80, 3, 80},
    {"model.22.cv3.0.2", 80, 80, 1, 80},
};

LayerInfo layerOf(const Conv& conv) {
    LayerInfo layer;
    layer.name = conv.name;
    layer.aliases = {"model." + layer.name};
    layer.op = "Conv2d";
    layer.weightShape = {conv.out, conv.in, conv.kernel, conv.kernel};
    layer.outputShape = {1, conv.out, conv.size, conv.size};
    layer.parameters = conv.out * conv.in * conv.kernel * conv.kernel + conv.out;
    layer.macs = layer.parameters * conv.size * conv.size;
    return layer;
}

void planLayer(LayerInfo& layer, const Config& config) {
    const QuantizationConfig& plan = config.quantization;
    layer.weightBits = plan.weight.bitWidth;
    layer.activationBits = plan.activation.bitWidth;
    layer.observer = plan.activation.observer == ObserverKind::Histogram ? "histogram" : "minmax";
    layer.weightOrigin = layer.activationOrigin = "default";
    bool skip = config.qat.skipDetectionHead && layer.name.starts_with("model.22.");
    std::string skipOrigin = skip ? "qat_params.skip_detection_head" : "default";
    int number = 0;
    for (const LayerConfig& entry : plan.layerConfigs) {
        ++number;
        if (LayerPattern::complaint(entry.pattern)) continue;
        if (!LayerPattern(entry.pattern).matches(layer.name, layer.aliases)) continue;
        const std::string origin = str("pattern ", number, ", line ", entry.line);
        const auto set = [&](const std::optional<int>& given, int& bits, std::string& from) {
            if (!given || !config.qat.useMixedPrecision) return;
            bits = *given;
            from = origin;
        };
        set(entry.weight.bitWidth, layer.weightBits, layer.weightOrigin);
        set(entry.activation.bitWidth, layer.activationBits, layer.activationOrigin);
        if (entry.skip) skip = *entry.skip, skipOrigin = origin;
    }
    layer.values.push_back({"skip", skip ? "true" : "false", skipOrigin});
    if (skip) layer.weightOrigin = "left in float";
    if (skip || !config.train.quantize) layer.weightBits = layer.activationBits = 0;
    if (layer.name == "model.2.m.0.cv2.conv" || layer.name == "model.2.cv2.conv") layer.scaleGroup = "model.2.cat";
}

// Events at the time they are told.
class Events {
public:
    explicit Events(const fs::path& folder) : m_file(folder) {}
    EventFile& now() {
        m_file.t = m_watch.seconds();
        return m_file;
    }

private:
    EventFile m_file;
    StopWatch m_watch;
};

void writeRunLine(Events& events, const fs::path& folder, int epochs) {
    RunHeader header{folder.filename().string(), "yolov8n", "w4a8", "shapes", epochs, test::recordedStages()};
    header.time = "2026-01-05T10:00:00+00:00";
    events.now().add(header);
}

void writeBeforeTraining(Events& events) {
    for (const std::string& stage : test::recordedStages()) {
        if (stage == stages::kAnalyze) break;
        events.now().begin(stage);
        events.now().end(stage, 0.1);
    }
    events.now().scalar(series::map(series::kFp32), 0, 0.471);
    events.now().scalar(series::map(series::kPtq), 0, 0.084);
    events.now().begin(stages::kAnalyze);
    for (size_t i = 0; i < std::size(kConvs); ++i) {
        std::map<std::string, double> metrics{
            {"mse", 0.01 / double(i + 1)}, {"sqnr_db", 10.0 + double(i)}, {"cosine", 0.98}};
        events.now().add(LayerRow{std::string(tables::kError), kConvs[i].name, 4, 0, "ptq", metrics});
        metrics["score"] = 0.09 / double(i + 1);
        events.now().add(LayerRow{std::string(tables::kSensitivity), kConvs[i].name, 4, 0, "", metrics});
    }
    events.now().end(stages::kAnalyze, 0.1);
}

void writeEpoch(Events& events, int epoch) {
    const double map = 0.45 * (1 - std::exp(-epoch / 1.5));
    events.now().scalar(series::kMap, epoch, map);
    events.now().scalar(series::kMap50, epoch, map * 1.4);
    events.now().scalar(series::kOscillating, epoch, 0.05);
    for (const Conv& conv : kConvs)
        events.now().add(LayerRow{std::string(tables::kOscillation),
                                  conv.name,
                                  4,
                                  epoch,
                                  "qat",
                                  {{"share", 0.02}, {"mean_frequency", 0.004}}});
    events.now().log(LogLevel::Info, "trainer", str("epoch ", epoch, " mAP50-95 ", map));
}

constexpr const char* kMissingProof = "model.variant is m, which needs 2 stable runs";

void writeSideFiles(const fs::path& folder, const char* status, const json& overriddenGate = nullptr) {
    std::vector<LayerInfo> layers;
    for (const Conv& conv : kConvs) {
        layers.push_back(layerOf(conv));
        LayerInfo& layer = layers.back();
        layer.aliases.clear();
        layer.weightBits = 4;
        layer.activationBits = 8;
        layer.observer = "histogram";
        layer.weightOrigin = layer.activationOrigin = "default";
    }
    writeFileAtomic(RunFolder{folder}.layers(), layersText(layers));
    const json fields{
        {"run_id", folder.filename().string()},
        {"model", {{"variant", "yolov8n"}}},
        {"quantization", {{"mode", "w4a8"}}},
        {"method", {{"variant", "ema"}}},
        {"metrics", {{"primary_name", series::kMap}, {"best_value", 0.39}, {"final_value", 0.38}}},
        {"stability", {{"collapse_threshold_ratio", 0.5}, {"final_over_best_ratio", 0.97}, {"collapsed", false}}},
        {"overridden_gate", overriddenGate},
        {"status", status},
        {"error", nullptr}};
    writeFileAtomic(RunFolder{folder}.summary(), test::recordedSummary(fields).dump());
}

bool mustStop(const CancelToken& cancel) {
    return cancel.level() == StopLevel::Abandon || (cancel.requested() && !test::fakeScript().ignoreFinishBatch);
}

// False when a stop cut it short.
bool train(Events& events, const CancelToken& cancel) {
    const test::FakeScript& script = test::fakeScript();
    const int total = script.epochs * script.stepsPerEpoch;
    events.now().begin(stages::kTrain);
    for (int step = 1; step <= total; ++step) {
        if (mustStop(cancel)) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(script.stepMs));
        events.now().progress(stages::kTrain, step, total);
        events.now().scalar(series::loss("box"), step, 3.0 / std::sqrt(step));
        require(!(script.failInTraining && step > 2), ErrorKind::Io, "the disk is full");
        if (step % script.stepsPerEpoch == 0) writeEpoch(events, step / script.stepsPerEpoch);
    }
    events.now().end(stages::kTrain, 0.1);
    return true;
}

void finish(Events& events, std::string_view status, const std::string& error) {
    events.now().add(EndEvent{std::string(status), {error}});
}

}  // namespace

namespace test {

FakeScript& fakeScript() {
    static FakeScript script;
    return script;
}

void writeFinishedRun(const std::string& folder) {
    fs::create_directories(folder);
    Events events(folder);
    writeRunLine(events, folder, 3);
    writeBeforeTraining(events);
    CancelToken cancel;
    events.now().begin(stages::kTrain);
    for (int epoch = 1; epoch <= 3; ++epoch) writeEpoch(events, epoch);
    events.now().end(stages::kTrain, 0.1);
    events.now().scalar(series::map(series::kFinal), 0, 0.38);
    writeSideFiles(folder, "completed-success");
    finish(events, run_status::kSuccess, "");
}

}  // namespace test

ModelDescription describeModel(const Config& config) {
    if (test::fakeScript().throwsOddly) throw 42;
    require(config.model.pretrainedPath.empty() || config.model.pretrainedPath.starts_with("builtin:") ||
                fs::exists(config.model.pretrainedPath),
            ErrorKind::Io, "the checkpoint ", config.model.pretrainedPath, " cannot be opened");
    ModelDescription model;
    model.input = {3, config.data.imgsz, config.data.imgsz};
    for (const Conv& conv : kConvs) {
        LayerInfo layer = layerOf(conv);
        planLayer(layer, config);
        model.parameters += layer.parameters;
        model.macs += layer.macs;
        model.layers.push_back(std::move(layer));
    }
    return model;
}

ModelDescription describeModel(const fs::path& model, int imgsz) {
    Config config;
    config.model.pretrainedPath = model.string();
    config.data.imgsz = imgsz;
    return describeModel(config);
}

// Two rules that follow the configuration: activations with a zero point, and weights of less than 8 bits.
PlacementReport describePlacement(const Config& config) {
    require(config.model.variant != "x", ErrorKind::BadInput, "there is no model of this family");
    PlacementReport report;
    const auto find = [&](Runtime runtime, PlacementCost cost, const char* rule, const char* sentence,
                          const char* tail) {
        for (const Conv& conv : {kConvs[0], kConvs[2]}) {
            const std::string node = std::string(conv.name) + tail;
            report.findings.push_back({runtime, rule, cost, node, sentence});
            report.layersAt[node] = {conv.name};
        }
    };
    const bool affine = !config.quantization.activation.symmetric, narrow = config.quantization.weight.bitWidth < 8;
    for (const Runtime runtime : {Runtime::TensorRt, Runtime::OnnxRuntime})
        if (narrow) find(runtime, PlacementCost::Note, "narrow-weight", "Stored as int8.", ".weight");
    if (affine) find(Runtime::TensorRt, PlacementCost::Refused, "zero-point", "A zero point of 0 only.", ".out");
    if (affine) find(Runtime::OnnxRuntime, PlacementCost::Slower, "float-result", "Not quantized at once.", "");
    return report;
}

JobOutcome runPipeline(const JobRequest& request, EventSink&, CancelToken& cancel) {
    const bool closed = test::fakeScript().gateClosed;
    test::fakeScript().wasResumed = request.resume;
    if (closed && !request.overrideGate) {
        JobOutcome refused;
        refused.status = JobStatus::NotStarted;
        refused.gates = {kMissingProof};
        return refused;
    }
    makeWritableFolder(request.out);
    const RunLock lock(request.out, cancel);
    Events events(request.out);
    writeRunLine(events, request.out, test::fakeScript().epochs);
    writeBeforeTraining(events);
    JobOutcome outcome;
    outcome.fp32 = detectMetrics(0, 0, 0.62, 0.471);
    outcome.ptq = detectMetrics(0, 0, 0.13, 0.084);
    outcome.final = detectMetrics(0, 0, 0.53, 0.38);
    try {
        if (!train(events, cancel)) {
            outcome.status = JobStatus::Cancelled;
            finish(events, run_status::kIncomplete, "");
            return outcome;
        }
    } catch (const Error& error) {
        finish(events, run_status::kFailed, error.what());
        throw;
    }
    events.now().scalar(series::map(series::kFinal), 0, 0.38);
    writeSideFiles(request.out, "completed-success", closed ? json(kMissingProof) : json());
    finish(events, run_status::kSuccess, "");
    return outcome;
}

std::vector<ExportedFile> exportModel(const ExportRequest& request, EventSink&, const CancelToken&) {
    if (test::fakeScript().throwsOddly) throw 42;
    require(fs::exists(request.source), ErrorKind::BadInput, request.source.string(), " does not exist");
    makeWritableFolder(request.out);
    std::vector<ExportedFile> files;
    for (const std::string& format : request.formats) {
        const fs::path path = request.out / ("model." + format);
        writeFileAtomic(path, "model");
        const FileCheck check{test::fakeScript().checkResult, "onnxruntime-node", "1.22.0", "8 of 8 boxes agree"};
        files.push_back({format, path, 5, {"4-bit weights are stored as int8."}, check});
    }
    return files;
}

}  // namespace qat
