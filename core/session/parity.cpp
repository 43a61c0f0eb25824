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

// The file's outputs, or none and the reason in `check`. simulated: what they should look like.
std::vector<at::Tensor> runFile(const std::filesystem::path& onnx, const at::Tensor& image,
                                const std::vector<at::Tensor>& simulated, FileCheck& check, const CancelToken& cancel) {
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
    const bool alike = std::ranges::equal(answer.run->outputs, simulated, [](const auto& theirs, const auto& ours) {
        return at::IntArrayRef(theirs.shape) == ours.sizes();
    });
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

// What is deployed beside the decoded output: how far file and simulation are from FP32, and from each other.
class BesideParity {
public:
    explicit BesideParity(std::vector<std::string> names) : m_names(std::move(names)), m_errors(m_names.size()) {}

    // All outputs of one image, the decoded one first.
    void add(const std::vector<at::Tensor>& fp32, const std::vector<at::Tensor>& simulated,
             const std::vector<at::Tensor>& file) {
        for (size_t i = 0; i < m_errors.size(); ++i) {
            m_errors[i].file.add(fp32[i + 1], file[i + 1]);
            m_errors[i].simulation.add(fp32[i + 1], simulated[i + 1]);
            m_errors[i].between.add(simulated[i + 1], file[i + 1]);
        }
    }

    bool agrees() const {
        return std::ranges::all_of(m_errors, [](const Errors& e) {
            return e.between.noiseToSignal() <= kEqualNoise ||
                   e.file.noiseToSignal() <= kSlack * e.simulation.noiseToSignal();
        });
    }

    // "; error of masks 0.01, the simulation's 0.01"
    std::string sentence() const {
        std::string text;
        for (size_t i = 0; i < m_errors.size(); ++i)
            text += str("; error of ", m_names[i], " ", m_errors[i].file.noiseToSignal(), ", the simulation's ",
                        m_errors[i].simulation.noiseToSignal());
        return text;
    }

private:
    struct Errors {
        ErrorSums file, simulation, between;
    };
    static constexpr double kEqualNoise = 1e-3;  // a share of the signal
    std::vector<std::string> m_names;
    std::vector<Errors> m_errors;
};

std::vector<std::string> deployedOutputs(const Graph& graph) {
    std::vector<std::string> names = graph.outputNames(OutputRole::Extra);
    names.insert(names.begin(), decodedOutput(graph));
    return names;
}

// Only the image itself is turned from float into codes.
bool staysOnIntegers(const Graph& lowered) {
    return std::ranges::all_of(lowered.order(), [&](NodeId id) {
        const Node& node = lowered.node(id);
        return !std::holds_alternative<Quantize>(node.op) || lowered.value(node.inputs[0]).kind == ValueKind::Input;
    });
}

std::string describe(const ParityReport& report, int64_t images, const std::string& equal, const std::string& beside) {
    const std::string counts =
        str(report.check.runtime, " ", report.check.version, " against the simulation on ", images, " images: ", equal,
            report.onIntegers ? ", both on integers" : ", the file's convolutions in float");
    const std::string noise =
        str("; score error against FP32 ", report.fileError, ", the simulation's ", report.simulationError);
    return counts + noise + beside + (report.agrees ? "" : ": the exported file differs");
}

}  // namespace

ParityReport checkParity(const Task& task, const std::filesystem::path& onnx, const Graph& exported,
                         const Graph& reference, const std::function<at::Tensor()>& next, const CancelToken& cancel) {
    ParityReport report;
    report.check.sentence = "the exported file was not checked: " + missingOnnxRuntime();
    if (!missingOnnxRuntime().empty()) return report;
    const Graph integers = inferenceForm(exported), original = inferenceForm(reference);
    const std::vector<std::string> outputs = deployedOutputs(integers);
    Executor simulation(integers, {.outputs = outputs, .frozen = true}),
        fp32(original, {.outputs = outputs, .frozen = true});
    BesideParity beside(integers.outputNames(OutputRole::Extra));
    const auto measure = task.parity(exported.info);
    ErrorSums fileError, simulationError;
    int64_t images = 0;
    for (at::Tensor image = next(); image.defined(); image = next(), ++images) {
        cancel.poll();
        const std::vector<at::Tensor> ours = simulation.run(image), originals = fp32.run(image),
                                      theirs = runFile(onnx, image, ours, report.check, cancel);
        if (theirs.empty()) return report;
        const at::Tensor simulated = ours[0][0].contiguous(), wanted = originals[0][0].contiguous(),
                         file = theirs[0][0];
        beside.add(originals, ours, theirs);
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
    report.agrees =
        beside.agrees() && (identical || (!report.onIntegers && report.fileError <= kSlack * report.simulationError));
    report.check.result = report.agrees ? CheckResult::Passed : CheckResult::Failed;
    report.check.sentence = describe(report, images, figures.sentence, beside.sentence());
    return report;
}

}  // namespace qat
