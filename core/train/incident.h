// What went wrong in training, when, probably why, and what was done about it.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"

namespace qat {

enum class Trouble { Collapse, NotFinite, DeadScale, ExplodingScale, LostSteps };

struct Incident {
    Trouble trouble = Trouble::Collapse;
    int64_t epoch = 0;    // 1-based, the one it was seen in
    int64_t step = 0;     // batches so far
    std::string subject;  // a layer or range, or empty
    std::string what;     // a clause: mAP50-95 of epoch 3, 0.01, is below 0.5 of the best, 0.3 in epoch 2
    std::string cause;    // a clause: 31 % of the low-bit weights swing between two codes
    GateReaction reaction = GateReaction::Continue;
    // One sentence for people: what, why, and what follows.
    std::string sentence() const;
};

// collapse, not_finite, dead_scale, exploding_scale, lost_steps
const char* troubleName(Trouble trouble);
// continue, stop, retry
const char* reactionName(GateReaction reaction);

}  // namespace qat
