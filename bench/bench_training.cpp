// Training steps of batch 4 at 320 x 320: in float, and quantization-aware against it.
#include <memory>

#include "benches.h"
#include "measured_step.h"
#include "subject.h"

namespace qat::bench {
namespace {

Contender stepContender(const Settings& settings, const std::string& name, const std::string& baseline, bool foldNorms,
                        const StepOptions& options) {
    return {name, baseline, {}, [=] {
                const auto step = std::make_shared<MeasuredStep>(subjectModel(settings, foldNorms), options);
                return [step] { step->run(); };
            }};
}

// The step with 4-bit weights, and what following, dampening and freezing them costs on top.
void benchOscillation(const Settings& settings, Table& table) {
    const std::string plain = "train.w4a8.learned.folded";
    StepOptions options{.quantizers = StepQuantizers::Learned, .weightBits = 4};
    OscillationConfig followed, everything;
    everything.dampen.weight = 1e-4;
    everything.freeze.threshold = 0.05;
    std::vector<Contender> contenders{stepContender(settings, plain, "", true, options)};
    options.oscillation = followed;
    contenders.push_back(stepContender(settings, plain + ".followed", plain, true, options));
    options.oscillation = everything;
    contenders.push_back(stepContender(settings, plain + ".dampened.frozen", plain, true, options));
    compare(settings, {3, 15}, contenders, table);
}

}  // namespace

void benchTraining(const Settings& settings, Table& table) {
    const std::string fp32 = "train.fp32";
    const auto step = [&](const std::string& name, const std::string& baseline, bool foldNorms, StepOptions options) {
        return stepContender(settings, name, baseline, foldNorms, options);
    };
    compare(settings, {3, 15},
            {step(fp32, "", false, {}), step("train.fp32.folded", fp32, true, {}),
             step("train.w8a8.straight_through.folded", fp32, true, {.quantizers = StepQuantizers::StraightThrough}),
             step("train.w8a8.learned.folded", fp32, true, {.quantizers = StepQuantizers::Learned}),
             step("train.w8a8.learned", fp32, false, {.quantizers = StepQuantizers::Learned}),
             step("train.surrogate", "", false, {.loss = StepLossKind::Surrogate})},
            table);
    benchOscillation(settings, table);
}

}  // namespace qat::bench
