// Calibration of 128 images at 640 x 640, by all methods at once as always, against the forward passes it cannot do
// without.
#include <ATen/ATen.h>

#include <memory>

#include "benches.h"
#include "quant/calibrate.h"
#include "run/executor.h"
#include "subject.h"

namespace qat::bench {
namespace {

constexpr size_t kBatches = 16;
constexpr int64_t kBatch = 8;
constexpr size_t kDistinct = 4;  // batches, which come again and again: memory stays small

struct Subject {
    Graph model;
    std::vector<at::Tensor> batches;

    explicit Subject(const Settings& settings) : model(subjectModel(settings, true)) {
        for (size_t i = 0; i < kDistinct; ++i) batches.push_back(noise({kBatch, 3, 640, 640}, i));
    }
};

Contender forward(const Settings& settings) {
    return {"calibration.forward", "", {}, [=] {
                const auto subject = std::make_shared<Subject>(settings);
                const auto executor =
                    std::make_shared<Executor>(subject->model, ExecutorOptions{.outputs = headOutputs(subject->model)});
                return [=] {
                    for (size_t i = 0; i < kBatches; ++i) executor->run(subject->batches[i % kDistinct]);
                };
            }};
}

Contender calibration(const Settings& settings, const std::string& name, CalibrationMethod method, Scheme scheme) {
    return {"calibration." + name, "calibration.forward", {}, [=] {
                const auto subject = std::make_shared<Subject>(settings);
                Config config = w8a8(false);
                config.calibration.method = method;
                config.quantization.activation.scheme = scheme;
                return [=] {
                    Graph graph = subject->model.clone(true);
                    QuantizerSet set(graph, resolvePlan(graph, config));
                    size_t given = 0;
                    const auto next = [&] {
                        return given < kBatches ? subject->batches[given++ % kDistinct] : at::Tensor();
                    };
                    calibrate(
                        subject->model, graph, set, next, [](int64_t) {}, CancelToken());
                };
            }};
}

}  // namespace

void benchCalibration(const Settings& settings, Table& table) {
    compare(settings, {1, 3},
            {forward(settings), calibration(settings, "per_tensor", CalibrationMethod::Mse, Scheme::PerTensor),
             calibration(settings, "per_channel.percentile", CalibrationMethod::Percentile, Scheme::PerChannel),
             calibration(settings, "per_channel.mse", CalibrationMethod::Mse, Scheme::PerChannel),
             calibration(settings, "per_channel.entropy", CalibrationMethod::Entropy, Scheme::PerChannel)},
            table);
}

}  // namespace qat::bench
