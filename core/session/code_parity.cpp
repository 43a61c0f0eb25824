// One run of the integer form with a hook on its codes, one of the file.
#include "session/code_parity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/scratch_folder.h"
#include "export/onnx_export.h"
#include "export/runtime_check.h"
#include "passes/pipeline.h"
#include "run/executor.h"

namespace qat {
namespace {

// Codes by quantizer, in execution order, row-major floats.
std::vector<std::pair<std::string, at::Tensor>> ourCodes(const Graph& graph, const at::Tensor& image) {
    CodeValues values;
    const Graph lowered = integerForm(graph, &values);
    std::map<ValueId, at::Tensor> seen;
    for (const auto& [name, value] : values) seen[value];
    Executor executor(lowered, {.outputs = {decodedOutput(lowered)}, .frozen = true});
    executor.setHook([&](ValueId id, const at::Tensor& tensor) { seen[id] = tensor.to(at::kFloat).contiguous(); },
                     [&](ValueId id) { return seen.contains(id); });
    executor.run(image);
    std::vector<std::pair<std::string, at::Tensor>> codes;
    for (const auto& [name, value] : values)
        if (seen[value].defined()) codes.emplace_back(name, seen[value]);
    return codes;
}

CodeComparison compare(const std::string& quantizer, const at::Tensor& ours, const RuntimeTensor& theirs) {
    CodeComparison result{quantizer, ours.numel(), 0, 0};
    const float* a = ours.data_ptr<float>();
    for (int64_t i = 0; i < result.elements; ++i) {
        const auto difference = static_cast<int64_t>(std::abs(a[i] - theirs.values[static_cast<size_t>(i)]));
        result.different += difference != 0 ? 1 : 0;
        result.largest = std::max(result.largest, difference);
    }
    return result;
}

std::string describe(const CodeParity& parity, const std::string& runtime) {
    const CodeComparison* first = parity.firstDifferent();
    const std::string counted = str(runtime, " against the integer form: ", parity.elements() - parity.different(),
                                    " of ", parity.elements(), " codes in ", parity.tensors.size(), " tensors equal");
    return first ? str(counted, ", largest difference ", parity.largest(), "; the first tensor that differs is ",
                       first->quantizer, " (", first->different, " of ", first->elements, ")")
                 : counted;
}

}  // namespace

int64_t CodeParity::elements() const {
    return std::accumulate(tensors.begin(), tensors.end(), int64_t{0},
                           [](int64_t sum, const CodeComparison& c) { return sum + c.elements; });
}

int64_t CodeParity::different() const {
    return std::accumulate(tensors.begin(), tensors.end(), int64_t{0},
                           [](int64_t sum, const CodeComparison& c) { return sum + c.different; });
}

int64_t CodeParity::largest() const {
    return std::accumulate(tensors.begin(), tensors.end(), int64_t{0},
                           [](int64_t most, const CodeComparison& c) { return std::max(most, c.largest); });
}

const CodeComparison* CodeParity::firstDifferent() const {
    const auto found = std::ranges::find_if(tensors, [](const CodeComparison& c) { return c.different > 0; });
    return found == tensors.end() ? nullptr : &*found;
}

CodeParity compareCodes(const Graph& graph, const at::Tensor& image, const CancelToken& cancel) {
    CodeParity parity;
    const auto without = [&](const std::string& why) {
        parity.tensors.clear();
        parity.sentence = "codes were not compared: " + why;
        return parity;
    };
    if (const std::string missing = missingOnnxRuntime(); !missing.empty()) return without(missing);
    const ScratchFolder scratch;
    OnnxExportOptions options;
    options.path = scratch.path() / "codes.onnx";
    options.exposeCodes = true;
    const OnnxExportResult written = exportOnnx(graph, options);
    const at::Tensor planar = image.contiguous();
    RuntimeOptions runtime;
    runtime.cancel = &cancel;
    const RuntimeAnswer answer = runOnnxRuntime(
        options.path,
        {{"images", planar.sizes().vec(), {planar.data_ptr<float>(), planar.data_ptr<float>() + planar.numel()}}},
        runtime);
    const auto& run = answer.run;
    if (!run) return without(answer.refusal.empty() ? answer.failure : answer.refusal);
    const std::map<std::string, std::string> tensorOf(written.codes.begin(), written.codes.end());
    for (const auto& [quantizer, codes] : ourCodes(graph, image)) {
        const auto named = tensorOf.find(quantizer);
        if (named == tensorOf.end()) continue;
        const auto theirs = std::ranges::find(run->outputs, named->second, &RuntimeTensor::name);
        if (theirs == run->outputs.end()) return without("the runtime gave no output " + named->second);
        if (codes.numel() != static_cast<int64_t>(theirs->values.size()))
            return without("the runtime's output " + named->second + " has another size");
        parity.tensors.push_back(compare(quantizer, codes, *theirs));
    }
    parity.ran = true;
    parity.sentence = describe(parity, run->runtime);
    return parity;
}

}  // namespace qat
