// Everything a training run is at a step boundary, as one file: loading it and going on gives the same bits as never
// having stopped.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "quant/quantizer_set.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/position.h"
#include "train/sentinel.h"
#include "train/stabilizer.h"

namespace qat {

// The live objects of a run.
struct TrainObjects {
    Graph& graph;
    Ema* ema;  // may be null
    Optimizer& optimizer;
    Stabilizer* stabilizer;  // may be null
    QuantizerSet* quantizers;
    Sentinel& sentinel;
    Optimizer::State adapters{};  // weights that serve training only, by name
};

// `identity` ties the file to the job: another one's checkpoint is refused. The one before it is kept (resume_state.h).
void saveTrainState(const std::filesystem::path& file, const std::string& identity, const TrainPosition& position,
                    const TrainObjects& objects);

// former: a second name of the same job, see formerJobIdentity(). Throws Error{BadInput} naming the file if it belongs
// to another job, to a newer version of the program, or does not fit.
TrainPosition loadTrainState(const std::filesystem::path& file, const std::string& identity,
                             const TrainObjects& objects, const std::string& former = {});

// How far the training in a checkpoint folder is, without a job to load it into; nothing without a checkpoint that can
// be read.
struct TrainProgress {
    int64_t epochs = 0;    // begun or done, fine-tuning left out
    bool tuning = false;   // fine-tuning has begun
    bool halted = false;   // by the sentinel
    bool earlier = false;  // the checkpoint is of a version that does not say of how many epochs its schedule is
};
std::optional<TrainProgress> trainProgress(const std::filesystem::path& checkpointFolder);

}  // namespace qat
