// A stage of a job, as a row of the table in stage_table.h. Each stage is one file of this folder, with its row at the
// file's end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runs/words.h"
#include "session/session.h"

namespace qat {

struct JobState;

// What stages hand on to each other: parts of JobState, and files of the run folder.
enum class JobPart : uint8_t {
    Data = 1,             // training and validation images, in the classes of the model
    FloatModel = 2,       // the network that FP32 means
    Model = 4,            // the network with its quantizers
    FloatDetections = 8,  // what the float network finds on the validation images
    Training = 16         // its epochs
};

class JobParts {
public:
    constexpr JobParts() = default;
    constexpr JobParts(JobPart part) : m_bits(static_cast<uint8_t>(part)) {}
    constexpr JobParts operator|(JobParts other) const { return JobParts(m_bits | other.m_bits); }
    constexpr bool contains(JobParts others) const { return (m_bits & others.m_bits) == others.m_bits; }

private:
    constexpr explicit JobParts(int bits) : m_bits(static_cast<uint8_t>(bits)) {}
    uint8_t m_bits = 0;
};

constexpr JobParts operator|(JobPart a, JobPart b) {
    return JobParts(a) | b;
}

// What a resumed run does with a stage.
enum class OnResume {
    Repeat,   // runs it again from its beginning
    Keep,     // skips it once it is finished: what it made is in the checkpoint
    Continue  // goes on inside it, from a checkpoint of its own
};

struct Stage {
    std::string_view name;  // of runs/words.h: in events, summary and `stages.json`
    bool (*applies)(const Config& config, JobKind kind);
    JobParts reads;   // what it cannot do without
    JobParts writes;  // what it makes or changes
    OnResume onResume;
    void (*run)(JobState& job);
    // Of a kept stage: whether there is something left to do; null: unless it is finished.
    bool (*isLeft)(const JobState& job) = nullptr;
};

}  // namespace qat
