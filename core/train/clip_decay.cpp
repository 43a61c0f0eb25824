// Who has an end to decay.
#include "train/clip_decay.h"

namespace qat {

ClipDecays clipDecays(const QuantizerSet& set, const TrainConfig& config) {
    ClipDecays decays;
    for (const Quantizer& q : set.all())
        if (q.how.fakeQuantize.type == FakeQuantKind::Pact)
            decays[q.scale] = q.how.fakeQuantize.clipDecay.value_or(config.weightDecay);
    return decays;
}

}  // namespace qat
