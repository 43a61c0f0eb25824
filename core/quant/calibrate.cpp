// The calibration loop.
#include "quant/calibrate.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "run/executor.h"

namespace qat {

void calibrate(const Graph& floatGraph, Graph& quantized, QuantizerSet& set, const std::function<at::Tensor()>& next,
               const std::function<void(int64_t)>& done, const CancelToken& cancel) {
    BatchObserver observer(set);
    std::vector<std::string> outputs;
    for (const auto& output : floatGraph.outputs())
        if (output.name.starts_with("head.")) outputs.push_back(output.name);
    if (outputs.empty()) outputs.push_back(floatGraph.outputs().front().name);
    Executor executor(floatGraph, {.outputs = outputs});
    executor.setHook([&](ValueId value, const at::Tensor& tensor) { observer.see(value, tensor); });
    int64_t batches = 0;
    for (at::Tensor images = next(); images.defined(); images = next()) {
        executor.run(images);
        observer.endBatch();
        done(++batches);
        cancel.poll();
    }
    require(batches > 0, ErrorKind::BadInput, "calibration got no images");
    for (const Quantizer& quantizer : set.all())
        if (!quantizer.weight) set.applyRange(quantized, quantizer);
}

}  // namespace qat
