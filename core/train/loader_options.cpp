// From a configuration to loader options.
#include "train/loader_options.h"

namespace qat {

LoaderOptions shuffledOptions(const Config& config) {
    LoaderOptions options;
    options.imgsz = config.data.imgsz;
    options.batch = config.train.batchSize;
    options.workers = config.run.workers;
    options.shuffle = true;
    options.seed = static_cast<uint64_t>(config.run.seed);
    return options;
}

}  // namespace qat
