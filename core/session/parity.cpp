// The file, the simulation and FP32 on the same images.
#include "session/parity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "analysis/error_metrics.h"
#include "base/error.h"
#include "eval/box_iou.h"
#include "eval/nms.h"
#include "export/runtime_check.h"
#include "passes/pipeline.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr double kIou = 0.95, kScore = 0.02, kIdentical = 0.99;
constexpr double kSlack = 1.5;  // the file's error may exceed the simulation's by this: both are noise on few images

struct Tally {
    int64_t boxes = 0, matched = 0;
    double worstScore = 0;

    // Every box of one side looks for its partner on the other.
    void add(const std::vector<Detection>& from, const std::vector<Detection>& to) {
        for (const Detection& a : from) {
            ++boxes;
            const auto partner = std::ranges::find_if(
                to, [&](const Detection& b) { return a.classIndex == b.classIndex && boxIou(a.box, b.box) >= kIou; });
            if (partner == to.end()) continue;
            const double difference = std::abs(static_cast<double>(a.score) - partner->score);
            worstScore = std::max(worstScore, difference);
            matched += difference <= kScore ? 1 : 0;
        }
    }
    double share() const { return boxes ? static_cast<double>(matched) / static_cast<double>(boxes) : 1.0; }
};

std::vector<Detection> detections(const at::Tensor& decoded, int64_t classes) {
    return nonMaxSuppression({decoded.data_ptr<float>(), static_cast<size_t>(decoded.numel())}, classes,
                             decoded.size(1), NmsOptions::predict());
}

// onnxruntime-node 1.22.0
void setRuntime(FileCheck& check, const std::string& runtime) {
    const size_t space = runtime.rfind(' ');
    check.runtime = runtime.substr(0, space);
    check.version = space == std::string::npos ? "" : runtime.substr(space + 1);
}

// The file's decoded output [4 + classes, A], or an undefined tensor and the reason in `check`.
at::Tensor runFile(const std::filesystem::path& onnx, const at::Tensor& image, const Shape& shape, FileCheck& check,
                   const CancelToken& cancel) {
    const at::Tensor planar = image.contiguous();
    RuntimeOptions options;
    options.cancel = &cancel;
    const RuntimeAnswer answer = runOnnxRuntime(
        onnx, {{"images", planar.sizes().vec(), {planar.data_ptr<float>(), planar.data_ptr<float>() + planar.numel()}}},
        options);
    if (!answer.runtime.empty()) setRuntime(check, answer.runtime);
    if (!answer.refusal.empty()) check.result = CheckResult::Failed, check.sentence = answer.refusal;
    if (!answer.failure.empty()) check.sentence = "the exported file was not checked: " + answer.failure;
    if (!answer.run) return {};
    if (answer.run->outputs.size() != 1 || answer.run->outputs[0].shape != shape) {
        check.result = CheckResult::Failed;
        check.sentence = str(answer.runtime, " makes an output of another shape of ", onnx.filename().string(),
                             " than the simulation");
        return {};
    }
    at::Tensor output = at::empty(shape);
    std::ranges::copy(answer.run->outputs[0].values, output.data_ptr<float>());
    return output[0];
}

// Only the image itself is turned from float into codes.
bool staysOnIntegers(const Graph& lowered) {
    return std::ranges::all_of(lowered.order(), [&](NodeId id) {
        const Node& node = lowered.node(id);
        return !std::holds_alternative<Quantize>(node.op) || lowered.value(node.inputs[0]).kind == ValueKind::Input;
    });
}

std::string describe(const ParityReport& report, int64_t images, int64_t boxes) {
    const std::string counts = str(report.check.runtime, " ", report.check.version, " against the simulation on ",
                                   images, " images: ", std::round(report.matched * 1000) / 10, " % of ", boxes,
                                   " boxes equal (IoU 0.95, score 0.02), largest score difference ", report.worstScore,
                                   report.onIntegers ? ", both on integers" : ", the file's convolutions in float");
    const std::string noise =
        str("; score error against FP32 ", report.fileError, ", the simulation's ", report.simulationError);
    return counts + noise + (report.agrees ? "" : ": the exported file differs");
}

}  // namespace

ParityReport checkParity(const std::filesystem::path& onnx, const Graph& exported, const Graph& reference,
                         const std::function<at::Tensor()>& next, const CancelToken& cancel) {
    ParityReport report;
    report.check.sentence = "the exported file was not checked: " + missingOnnxRuntime();
    if (!missingOnnxRuntime().empty()) return report;
    const Graph integers = inferenceForm(exported), original = inferenceForm(reference);
    Executor simulation(integers, {.outputs = {decodedOutput(integers)}, .frozen = true}),
        fp32(original, {.outputs = {decodedOutput(original)}, .frozen = true});
    Tally tally;
    ErrorSums fileError, simulationError;
    int64_t images = 0;
    for (at::Tensor image = next(); image.defined(); image = next(), ++images) {
        cancel.poll();
        const at::Tensor batch = simulation.run(image).front();
        const at::Tensor simulated = batch[0].contiguous();
        const at::Tensor wanted = fp32.run(image).front()[0].contiguous();
        const at::Tensor file = runFile(onnx, image, batch.sizes().vec(), report.check, cancel);
        if (!file.defined()) return report;
        const auto ours = detections(simulated, exported.info.numClasses),
                   theirs = detections(file, exported.info.numClasses);
        tally.add(ours, theirs);
        tally.add(theirs, ours);
        fileError.add(wanted.slice(0, 4), file.slice(0, 4));
        simulationError.add(wanted.slice(0, 4), simulated.slice(0, 4));
    }
    report.ran = true;
    report.matched = tally.share();
    report.worstScore = tally.worstScore;
    report.fileError = fileError.noiseToSignal();
    report.simulationError = simulationError.noiseToSignal();
    const bool identical = report.matched >= kIdentical;
    report.onIntegers = staysOnIntegers(integers);
    report.agrees = identical || (!report.onIntegers && report.fileError <= kSlack * report.simulationError);
    report.check.result = report.agrees ? CheckResult::Passed : CheckResult::Failed;
    report.check.sentence = describe(report, images, tally.boxes);
    return report;
}

}  // namespace qat
