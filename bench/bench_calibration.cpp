// Calibration of 32 images at 640 x 640, by all methods at once as always, against the forward passes it cannot do
// without.
#include <ATen/ATen.h>

#include <memory>

#include "benches.h"
#include "quant/calibrate.h"
#include "run/executor.h"
#include "subject.h"

namespace qat::bench {
namespace {

constexpr int64_t kBatches = 4, kBatch = 8;

struct Subject {
    Graph model;
    std::vector<at::Tensor> batches;

    explicit Subject(const Settings& settings) : model(subjectModel(settings, true)) {
        for (int64_t i = 0; i < kBatches; ++i)
            batches.push_back(noise({kBatch, 3, 640, 640}, static_cast<uint64_t>(i)));
    }
};

Contender forward(const Settings& settings) {
    return {"calibration.forward", "", {}, [=] {
                const auto subject = std::make_shared<Subject>(settings);
                const auto executor = std::make_shared<Executor>(
                    subject->model, ExecutorOptions{.outputs = {"head.0", "head.1", "head.2"}});
                return [=] {
                    for (const at::Tensor& images : subject->batches) executor->run(images);
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
                        return given < subject->batches.size() ? subject->batches[given++] : at::Tensor();
                    };
                    calibrate(
                        subject->model, graph, set, next, [](int64_t) {}, CancelToken());
                };
            }};
}

}  // namespace

void benchCalibration(const Settings& settings, Table& table) {
    compare(settings, {1, 5},
            {forward(settings), calibration(settings, "per_tensor", CalibrationMethod::Mse, Scheme::PerTensor),
             calibration(settings, "per_channel.percentile", CalibrationMethod::Percentile, Scheme::PerChannel),
             calibration(settings, "per_channel.mse", CalibrationMethod::Mse, Scheme::PerChannel),
             calibration(settings, "per_channel.entropy", CalibrationMethod::Entropy, Scheme::PerChannel)},
            table);
}

}  // namespace qat::bench
