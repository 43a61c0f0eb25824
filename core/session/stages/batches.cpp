// Loaders with the options of a job.
#include "session/stages/batches.h"

#include <ATen/ATen.h>

#include "data/chosen_images.h"
#include "quant/coreset.h"
#include "train/loader_options.h"

namespace qat {

std::function<at::Tensor()> imageBatches(const JobState& job, const std::shared_ptr<const Dataset>& data, int64_t count,
                                         int batch, bool shuffle, std::vector<int64_t>* taken) {
    LoaderOptions options = shuffledOptions(job.config);
    options.batch = batch;
    options.shuffle = shuffle;
    options.limit = shuffle ? 0 : count;
    const auto loader = std::make_shared<Loader>(data, options);
    loader->startEpoch(0);
    return [loader, left = count, taken]() mutable {
        if (left <= 0) return at::Tensor();
        const auto next = loader->next();
        if (!next) return at::Tensor();
        const at::Tensor batchImages = left < next->images.size(0) ? next->images.slice(0, 0, left) : next->images;
        left -= batchImages.size(0);
        for (int64_t i = 0; taken && i < batchImages.size(0); ++i)
            taken->push_back(next->info[static_cast<size_t>(i)].index);
        return batchImages;
    };
}

Loader validationLoader(const JobState& job) {
    LoaderOptions options;
    options.imgsz = job.config.data.imgsz;
    options.batch = job.config.train.batchSize;
    options.workers = job.config.run.workers;
    options.rect = job.config.data.rect;
    options.limit = job.config.data.valLimit;
    return Loader(job.val, options);
}

std::shared_ptr<const Dataset> coresetOf(JobState& job, int64_t wanted, int64_t progressTotal, std::string_view stage,
                                         CalibrationImages& said) {
    const CoresetMethod method = job.config.calibration.coresetMethod;
    at::Tensor features = at::empty({job.train->size(), 0});  // a draw needs none
    if (method != CoresetMethod::Random)
        features = backboneFeatures(
            job.floatModel, imageBatches(job, job.train, job.train->size(), job.config.train.batchSize, false),
            [&](int64_t done) { job.log.progress(stage, done, progressTotal); }, job.cancel);
    std::vector<int64_t> chosen = selectCoreset(features, wanted, method, static_cast<uint64_t>(job.config.run.seed));
    said = {method == CoresetMethod::KCenter   ? "k-center"
            : method == CoresetMethod::Herding ? "herding"
                                               : "random",
            job.train->size(),
            {},
            {}};
    for (const int64_t index : chosen) said.paths.push_back(job.train->path(index));
    if (method != CoresetMethod::Random) said.coverage = coverageOf(features, chosen);
    return std::make_shared<ChosenImages>(job.train, std::move(chosen));
}

}  // namespace qat
