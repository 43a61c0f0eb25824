// The file, the simulation and FP32 on the same images.
#include "session/parity.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "analysis/error_metrics.h"
#include "base/error.h"
#include "export/runtime_check.h"
#include "passes/pipeline.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr double kIdentical = 0.99;
constexpr double kSlack = 1.5;  // the file's error may exceed the simulation's by this: both are noise on few images

// onnxruntime-node 1.22.0
void setRuntime(FileCheck& check, const std::string& runtime) {
    const size_t space = runtime.rfind(' ');
    check.runtime = runtime.substr(0, space);
    check.version = space == std::string::npos ? "" : runtime.substr(space + 1);
}

// The file's decoded output without the batch, or an undefined tensor and the reason in `check`.
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

std::string describe(const ParityReport& report, int64_t images, const std::string& equal) {
    const std::string counts =
        str(report.check.runtime, " ", report.check.version, " against the simulation on ", images, " images: ", equal,
            report.onIntegers ? ", both on integers" : ", the file's convolutions in float");
    const std::string noise =
        str("; score error against FP32 ", report.fileError, ", the simulation's ", report.simulationError);
    return counts + noise + (report.agrees ? "" : ": the exported file differs");
}

}  // namespace

ParityReport checkParity(const Task& task, const std::filesystem::path& onnx, const Graph& exported,
                         const Graph& reference, const std::function<at::Tensor()>& next, const CancelToken& cancel) {
    ParityReport report;
    report.check.sentence = "the exported file was not checked: " + missingOnnxRuntime();
    if (!missingOnnxRuntime().empty()) return report;
    const Graph integers = inferenceForm(exported), original = inferenceForm(reference);
    Executor simulation(integers, {.outputs = {decodedOutput(integers)}, .frozen = true}),
        fp32(original, {.outputs = {decodedOutput(original)}, .frozen = true});
    const auto measure = task.parity(exported.info);
    ErrorSums fileError, simulationError;
    int64_t images = 0;
    for (at::Tensor image = next(); image.defined(); image = next(), ++images) {
        cancel.poll();
        const at::Tensor batch = simulation.run(image).front();
        const at::Tensor simulated = batch[0].contiguous();
        const at::Tensor wanted = fp32.run(image).front()[0].contiguous();
        const at::Tensor file = runFile(onnx, image, batch.sizes().vec(), report.check, cancel);
        if (!file.defined()) return report;
        measure->add(simulated, file);
        fileError.add(measure->scores(wanted), measure->scores(file));
        simulationError.add(measure->scores(wanted), measure->scores(simulated));
    }
    report.ran = true;
    const ParityFigures figures = measure->figures();
    report.matched = figures.matched;
    report.worstScore = figures.worstScore;
    report.fileError = fileError.noiseToSignal();
    report.simulationError = simulationError.noiseToSignal();
    const bool identical = report.matched >= kIdentical;
    report.onIntegers = staysOnIntegers(integers);
    report.agrees = identical || (!report.onIntegers && report.fileError <= kSlack * report.simulationError);
    report.check.result = report.agrees ? CheckResult::Passed : CheckResult::Failed;
    report.check.sentence = describe(report, images, figures.sentence);
    return report;
}

}  // namespace qat
