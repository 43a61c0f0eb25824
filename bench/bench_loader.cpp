// Pictures a second of the loader on the built-in shapes, letterboxed and augmented, with one and two workers. Every
// run is a new epoch of the same loader, so pictures come from its cache as in training.
#include <memory>

#include "benches.h"
#include "data/loader.h"

namespace qat::bench {
namespace {

constexpr int kLoadedImages = 512;

struct Epochs {
    Loader loader;
    int64_t number = 0;
    explicit Epochs(const LoaderOptions& options)
        : loader(openDataset("shapes:train=" + std::to_string(kLoadedImages) + ",size=160", DataSplit::Train),
                 options) {}
    void run() {
        loader.startEpoch(number++);
        while (loader.next()) {
        }
    }
};

Contender epoch(const std::string& name, const std::string& baseline, int workers, bool augmented) {
    return {name, baseline, {"images/s", kLoadedImages}, [=] {
                LoaderOptions options;
                options.imgsz = 160;
                options.workers = workers;
                options.shuffle = augmented;
                if (augmented) options.augment.emplace();
                const auto epochs = std::make_shared<Epochs>(options);
                return [epochs] { epochs->run(); };
            }};
}

}  // namespace

void benchLoader(const Settings& settings, Table& table) {
    const std::string plain = "loader.letterbox.1_worker", augmented = "loader.augment.1_worker";
    compare(settings, {1, 9},
            {epoch(plain, "", 1, false), epoch("loader.letterbox.2_workers", plain, 2, false),
             epoch(augmented, "", 1, true), epoch("loader.augment.2_workers", augmented, 2, true)},
            table);
}

}  // namespace qat::bench
