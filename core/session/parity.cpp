// The file, the simulation and FP32 on the same images.
#include "session/parity.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "analysis/error_metrics.h"
#include "base/error.h"
#include "export/file_output.h"
#include "export/runtime_check.h"
#include "passes/pipeline.h"
#include "run/executor.h"
#include "session/beside_parity.h"
#include "session/file_reading.h"
#include "session/parity_control.h"

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

// The file's outputs, or none and the reason in `check`. shapes: those that they should have.
std::vector<at::Tensor> runFile(const std::filesystem::path& onnx, const at::Tensor& image,
                                const std::vector<Shape>& shapes, FileCheck& check, const CancelToken& cancel) {
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
    const bool alike =
        std::ranges::equal(answer.run->outputs, shapes, {}, [](const RuntimeTensor& made) { return made.shape; });
    if (!alike) {
        check.result = CheckResult::Failed;
        check.sentence =
            str(answer.runtime, " makes outputs of other shapes of ", onnx.filename().string(), " than the simulation");
        return {};
    }
    std::vector<at::Tensor> outputs;
    for (const RuntimeTensor& made : answer.run->outputs) {
        outputs.push_back(at::empty(made.shape));
        std::ranges::copy(made.values, outputs.back().data_ptr<float>());
    }
    return outputs;
}

std::string describe(const ParityReport& report, int64_t images, const std::string& equal, const std::string& beside) {
    const std::string counts =
        str(report.check.runtime, " ", report.check.version, " against the simulation on ", images, " images: ", equal,
            report.onIntegers ? ", both on integers" : str(", ", report.floatLayers, " layers of the file in float"));
    const std::string noise =
        str("; score error against FP32 ", report.fileError, ", the simulation's ", report.simulationError);
    const std::string apart = report.onIntegers
                                  ? ""
                                  : str("; the file's scores are ", report.distance,
                                        " from the simulation's, those of the simulation with its biases moved by a "
                                        "millionth ",
                                        report.controlDistance);
    return counts + noise + apart + beside + (report.agrees ? "" : ": the exported file differs");
}

// Of what files give for one image: its form, in the size that the graph was probed with, and what stands beside it.
std::vector<Shape> givenShapes(const Graph& exported, ExportOutput output, const std::vector<at::Tensor>& simulated) {
    std::vector<Shape> shapes;
    for (const at::Tensor& one : simulated) shapes.push_back(one.sizes().vec());
    if (output != ExportOutput::Decoded) shapes.front() = exported.value(exported.output(kFileOutput)).shape;
    return shapes;
}

// What the file is compared with.
struct Rivals {
    Graph integers, original, moved;
    Executor simulation, fp32, control;

    Rivals(const Graph& exported, const Graph& reference)
        : integers(inferenceForm(exported)),
          original(inferenceForm(reference)),
          moved(controlForm(exported)),
          simulation(integers, deployed(integers)),
          fp32(original, deployed(original)),
          control(moved, deployed(moved)) {}
    static ExecutorOptions deployed(const Graph& graph) {
        std::vector<std::string> outputs = graph.outputNames(OutputRole::Extra);
        outputs.insert(outputs.begin(), decodedOutput(graph));
        return {.outputs = std::move(outputs), .frozen = true};
    }
};

// Where layers are computed in float, an error as small as the simulation's, or as small a distance from it as another
// rounding makes.
bool isSound(const ParityReport& report) {
    return !report.onIntegers &&
           (report.fileError <= kSlack * report.simulationError || report.distance <= kSlack * report.controlDistance);
}

}  // namespace

ParityReport checkParity(const Task& task, const std::filesystem::path& onnx, const Graph& exported,
                         const Graph& reference, const std::function<at::Tensor()>& next, const CancelToken& cancel,
                         ExportOutput output) {
    ParityReport report;
    report.check.sentence = "the exported file was not checked: " + missingOnnxRuntime();
    if (!missingOnnxRuntime().empty()) return report;
    Rivals rivals(exported, reference);
    report.floatLayers = floatLayers(rivals.integers);
    report.onIntegers = report.floatLayers == 0;
    const auto measure = task.parity(exported.info);
    ErrorSums fileError, simulationError, distance, controlDistance;
    BesideParity beside(rivals.integers.outputNames(OutputRole::Extra));
    int64_t images = 0;
    for (at::Tensor image = next(); image.defined(); image = next(), ++images) {
        cancel.poll();
        const std::vector<at::Tensor> ours = rivals.simulation.run(image), originals = rivals.fp32.run(image),
                                      theirs = runFile(onnx, image, givenShapes(exported, output, ours), report.check,
                                                       cancel);
        if (theirs.empty()) return report;
        const FileReading reading(exported.info, output, image.sizes().vec());
        const auto scoresIn = [&](const at::Tensor& decoded) { return reading.scores(*measure, decoded); };
        const at::Tensor simulated = ours[0][0].contiguous(), wanted = originals[0][0].contiguous(),
                         file = reading.decoded(theirs[0][0]);
        beside.add(originals, ours, theirs);
        measure->add(simulated, file);
        const at::Tensor scores = scoresIn(simulated), fileScores = scoresIn(file), fp32 = scoresIn(wanted);
        fileError.add(fp32, fileScores);
        simulationError.add(fp32, scores);
        distance.add(scores, fileScores);
        if (report.onIntegers) continue;
        const std::vector<at::Tensor> moved = rivals.control.run(image);
        controlDistance.add(scores, scoresIn(moved[0][0].contiguous()));
        beside.addControl(ours, moved);
    }
    report.ran = true;
    const ParityFigures figures = measure->figures();
    report.matched = figures.matched;
    report.worstScore = figures.worstScore;
    report.fileError = fileError.noiseToSignal();
    report.simulationError = simulationError.noiseToSignal();
    report.distance = distance.noiseToSignal();
    report.controlDistance = controlDistance.noiseToSignal();
    report.agrees = (report.matched >= kIdentical || isSound(report)) && beside.agrees(kSlack);
    report.check.result = report.agrees ? CheckResult::Passed : CheckResult::Failed;
    report.check.sentence = describe(report, images, figures.sentence, beside.sentence());
    return report;
}

}  // namespace qat
