// Building and calibrating.
#include "analysis/calibrated_model.h"

#include <ATen/ATen.h>

#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"
#include "quant/calibrate.h"

namespace qat::test {

CalibratedModel calibratedModel(int weightBits, int activationBits) {
    Random random(1);
    CalibratedModel model{buildYolov8("n", 3, random), {}, nullptr};
    // Wide enough for the signal to reach the head, as in a trained model.
    for (const ValueId id : model.floatGraph.storedValues())
        if (model.floatGraph.value(id).name.ends_with("conv.weight") &&
            !model.floatGraph.value(id).name.ends_with("dfl.conv.weight"))
            model.floatGraph.value(id).data->mul_(2.8);
    foldBatchNorm(model.floatGraph);
    model.quantized = model.floatGraph.clone(true);
    Config config;
    config.quantization.weight.bitWidth = weightBits;
    config.quantization.activation.bitWidth = activationBits;
    model.quantizers = std::make_unique<QuantizerSet>(model.quantized, resolvePlan(model.quantized, config));
    calibrate(
        model.floatGraph, model.quantized, *model.quantizers, noiseImages(1), [](int64_t) {}, CancelToken());
    return model;
}

std::function<at::Tensor()> noiseImages(int batches, uint64_t seed) {
    return [random = Random(seed), left = batches]() mutable {
        if (left-- <= 0) return at::Tensor();
        at::Tensor images = at::empty({2, 3, 64, 64});
        for (int64_t i = 0; i < images.numel(); ++i) images.data_ptr<float>()[i] = static_cast<float>(random.uniform());
        return images;
    };
}

}  // namespace qat::test
