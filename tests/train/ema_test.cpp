// Averaging against its formula.
#include "train/ema.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "train/tiny_detector.h"

namespace qat::test {
namespace {

TEST(Ema, DecayFollowsThePublishedRamp) {
    const EmaConfig config;  // 0.9999, tau 2000
    EXPECT_NEAR(emaDecay(config, 1), 4.998e-4, 5e-8);
    EXPECT_NEAR(emaDecay(config, 100), 0.0487657, 5e-8);
    EXPECT_NEAR(emaDecay(config, 2000), 0.6320573, 5e-8);
    EXPECT_NEAR(emaDecay(config, 10000), 0.9931627, 5e-8);
}

TEST(Ema, EveryStoredValueFollowsTheFormula) {
    Graph model = tinyDetector();
    const QuantizerSet quantizers = insertCalibrated(model, tinyConfig(Quantize::Lsq));
    const Graph start = model.clone(true);
    Ema ema(model, {true, 0.9, 2});
    EXPECT_EQ(storedBytes(ema.graph()), storedBytes(start));
    for (const ValueId id : model.storedValues()) model.value(id).data->add_(1.0);
    ema.update(model);
    for (const ValueId id : model.storedValues()) model.value(id).data->add_(1.0);
    ema.update(model);
    EXPECT_EQ(ema.updates(), 2);
    const double d1 = 0.9 * (1 - std::exp(-0.5)), d2 = 0.9 * (1 - std::exp(-1.0));
    const double moved = d2 * (1 - d1) + (1 - d2) * 2;  // what the two additions of 1 leave in the average
    bool scales = false, statistics = false;
    for (const ValueId id : model.storedValues()) {
        const std::string& name = model.value(id).name;
        if (name.ends_with(".zero_point")) {
            EXPECT_TRUE(at::equal(*ema.graph().value(id).data, *model.value(id).data)) << name;
            continue;
        }
        scales |= name.ends_with(".scale");
        statistics |= name.ends_with(".running_var");
        const double worst = (*ema.graph().value(id).data - *start.value(id).data - moved).abs().max().item<double>();
        const double size = start.value(id).data->abs().max().item<double>();
        EXPECT_LT(worst, 1e-6 * (2 + size)) << name;
    }
    EXPECT_TRUE(scales && statistics);
}

// 67 averaged with 67 is not always 67 in float32, and a fraction is no zero point.
TEST(Ema, ZeroPointsStayWhole) {
    Graph model = tinyDetector();
    const QuantizerSet quantizers = insertCalibrated(model, tinyConfig(Quantize::Ste));
    Ema ema(model, {true, 0.9999, 100});
    for (int step = 0; step < 50; ++step) {
        for (const Quantizer& q : quantizers.all())
            model.value(q.zeroPoint).data->fill_(static_cast<float>(60 + step % 7));
        ema.update(model);
        for (const Quantizer& q : quantizers.all()) {
            const at::Tensor& zero = *ema.graph().value(q.zeroPoint).data;
            ASSERT_TRUE(at::equal(zero, zero.round())) << q.name << " at step " << step;
        }
    }
}

TEST(Ema, ScalesThatAreNotAveragedStandAsTheyAre) {
    Graph model = tinyDetector();
    const QuantizerSet quantizers = insertCalibrated(model, tinyConfig(Quantize::Lsq));
    Ema ema(model, {.decay = 0.9, .tau = 1, .scales = false});
    for (const ValueId id : model.storedValues()) model.value(id).data->add_(1.0);
    ema.update(model);
    for (const Quantizer& q : quantizers.all())
        EXPECT_TRUE(at::equal(*ema.graph().value(q.scale).data, *model.value(q.scale).data)) << q.name;
    const ValueId weight = quantizers.all().front().observed.front();
    EXPECT_FALSE(at::equal(*ema.graph().value(weight).data, *model.value(weight).data));
}

TEST(Ema, DoesNotTouchTheModel) {
    Graph model = tinyDetector();
    const auto before = storedBytes(model);
    Ema ema(model, {});
    for (const ValueId id : ema.graph().storedValues()) ema.graph().value(id).data->fill_(7);
    EXPECT_EQ(storedBytes(model), before);
}

}  // namespace
}  // namespace qat::test
