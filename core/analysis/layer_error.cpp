// Two runs a batch: the float one keeps the layers' outputs, the quantized one is compared with them on the fly.
#include "analysis/layer_error.h"

#include <ATen/ATen.h>

#include <map>

#include "passes/channel_affine.h"
#include "quant/plan.h"
#include "run/executor.h"

namespace qat {

std::vector<LayerError> measureLayerError(const Graph& floatGraph, const Graph& quantized,
                                          const std::function<at::Tensor()>& next, const CancelToken& cancel) {
    std::vector<LayerError> errors;
    std::map<ValueId, size_t> indexOf, indexOfTested;
    for (const NodeId id : quantizableNodes(floatGraph)) {
        const ValueId output = floatGraph.node(id).outputs.front();
        indexOf[output] = indexOfTested[correctedOutput(quantized, output)] = errors.size();
        errors.push_back({floatGraph.node(id).name, {}});
    }
    const std::vector<std::string> heads = trainedOutputs(floatGraph);
    const size_t firstHead = errors.size();
    for (const auto& head : heads) errors.push_back({head, {}});

    Executor reference(floatGraph, {.outputs = heads}), tested(quantized, {.outputs = heads});
    std::map<size_t, at::Tensor> kept;
    reference.setHook([&](ValueId id, const at::Tensor& value) { kept[indexOf.at(id)] = value; },
                      [&](ValueId id) { return indexOf.contains(id); });
    const auto compare = [&](ValueId id, const at::Tensor& value) {
        const size_t index = indexOfTested.at(id);
        errors[index].error.add(kept.at(index), value);
    };
    tested.setHook(compare, [&](ValueId id) { return indexOfTested.contains(id); });
    for (at::Tensor images = next(); images.defined(); images = next()) {
        const auto expected = reference.run(images);
        const auto got = tested.run(images);
        for (size_t i = 0; i < heads.size(); ++i) errors[firstHead + i].error.add(expected[i], got[i]);
        kept.clear();
        cancel.poll();
    }
    return errors;
}

}  // namespace qat
