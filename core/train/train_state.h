// Everything a training run is at a step boundary, as one file: loading it and going on gives the same bits as never
// having stopped.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "quant/quantizer_set.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/stabilizer.h"
#include "train/trainer.h"

namespace qat {

// Where the run stands; the next batch is `batch` of epoch `epoch` (0-based).
struct TrainPosition {
    int64_t epoch = 0, batch = 0;
    int64_t step = 0;      // batches so far
    LossTerms lossSums{};  // of this epoch's batches
    double bestFitness = -1;
    TrainOutcome outcome;
    double distillSum = 0;  // of this epoch's distillation losses
    bool tuning = false;    // the epochs of training are over, those of fine-tuning have begun
    int64_t tuned = 0;      // fine-tuning epochs done
    double lrFactor = 1;    // of all learning rates, lowered by retries
    int64_t retries = 0;
    int64_t below = 0;         // epochs in a row under the floor of the gate
    int64_t lostSteps = 0;     // optimizer steps in a row whose gradient was not finite
    std::string dyingScale{};  // whose grid covered next to nothing when the sentinel last looked
    int64_t planned = 0;       // epochs of the schedule so far; 0: of a file that does not say
};

// The live objects of a run.
struct TrainObjects {
    Graph& graph;
    Ema* ema;  // may be null
    Optimizer& optimizer;
    Stabilizer* stabilizer;  // may be null
    QuantizerSet* quantizers;
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
