// Loaders with the options of a job.
#include "session/stages/batches.h"

#include <ATen/ATen.h>

#include "data/chosen_images.h"
#include "quant/coreset.h"
#include "session/input_size.h"
#include "train/loader_options.h"

namespace qat {

std::function<at::Tensor()> imageBatches(const JobState& job, const std::shared_ptr<const Dataset>& data, int64_t count,
                                         int batch, bool shuffle, std::vector<int64_t>* taken) {
    LoaderOptions options = shuffledOptions(job.config);
    options.batch = batch;
    options.shuffle = shuffle;
    options.limit = data == job.val ? job.config.data.valLimit : 0;
    return feedImages(data, options, count, taken);
}

Loader validationLoader(const JobState& job) {
    LoaderOptions options;
    options.imgsz = job.config.data.imgsz;
    options.batch = job.config.train.batchSize;
    options.workers = job.config.run.workers;
    options.rect = job.config.data.rect;
    options.rectStep = sideStep(job.floatModel);
    options.limit = job.config.data.valLimit;
    return Loader(job.val, options);
}

namespace {

// The first that can be decoded, in the order of the draw; what is chosen is decoded once more for that.
std::vector<int64_t> drawnImages(const JobState& job, int64_t wanted) {
    const at::Tensor none = at::empty({job.train->size(), 0});
    std::vector<int64_t> chosen;
    for (const int64_t index :
         selectCoreset(none, job.train->size(), CoresetMethod::Random, static_cast<uint64_t>(job.config.run.seed))) {
        if (static_cast<int64_t>(chosen.size()) == wanted) break;
        if (!job.train->read(index).damaged) chosen.push_back(index);
    }
    return chosen;
}

}  // namespace

std::shared_ptr<const Dataset> coresetOf(JobState& job, int64_t wanted, int64_t progressTotal, std::string_view stage,
                                         CalibrationImages& said) {
    const CoresetMethod method = job.config.calibration.coresetMethod;
    std::vector<int64_t> chosen, looked;
    at::Tensor features;
    if (method == CoresetMethod::Random) {
        chosen = drawnImages(job, wanted);
    } else {
        features = backboneFeatures(
            job.floatModel, imageBatches(job, job.train, job.train->size(), job.config.train.batchSize, false, &looked),
            [&](int64_t done) { job.log.progress(stage, done, progressTotal); }, job.cancel);
        chosen = selectCoreset(features, wanted, method, static_cast<uint64_t>(job.config.run.seed));
    }
    said = {method == CoresetMethod::KCenter   ? "k-center"
            : method == CoresetMethod::Herding ? "herding"
                                               : "random",
            job.train->size(),
            {},
            {}};
    if (method != CoresetMethod::Random) {
        said.coverage = coverageOf(features, chosen);
        for (int64_t& row : chosen) row = looked[static_cast<size_t>(row)];
    }
    for (const int64_t index : chosen) said.paths.push_back(job.train->path(index));
    return std::make_shared<ChosenImages>(job.train, std::move(chosen));
}

}  // namespace qat
