// A coreset of 1,000 out of 20,000 images with 512 features each, against the same greedy choice in plain libtorch.
#include <ATen/ATen.h>

#include <memory>

#include "base/random.h"
#include "benches.h"
#include "quant/coreset.h"

namespace qat::bench {
namespace {

constexpr int64_t kCoresetImages = 20000, kFeatures = 512, kChosen = 1000;

// Rows of length 1, as backboneFeatures() makes them.
at::Tensor features() {
    at::Tensor rows = at::empty({kCoresetImages, kFeatures});
    Random random(5);
    for (int64_t i = 0; i < rows.numel(); ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
    return rows / rows.norm(2, 1, true);
}

// Distances of all rows to the newest one, and the row that is then farthest from all chosen ones.
int64_t plainKCenter(const at::Tensor& rows) {
    at::Tensor nearest = at::full({rows.size(0)}, 4.0f);
    int64_t newest = 0;
    for (int64_t i = 0; i < kChosen; ++i) {
        nearest = at::minimum(nearest, 2 - 2 * at::mv(rows, rows[newest]));
        newest = nearest.argmax().item<int64_t>();
    }
    return newest;
}

Contender choice(const std::string& name, CoresetMethod method) {
    return {"coreset." + name, "coreset.libtorch", {}, [method] {
                const auto rows = std::make_shared<at::Tensor>(features());
                return [=] { selectCoreset(*rows, kChosen, method, 1); };
            }};
}

}  // namespace

void benchCoreset(const Settings& settings, Table& table) {
    const Contender plain{"coreset.libtorch", "", {}, [] {
                              const auto rows = std::make_shared<at::Tensor>(features());
                              return [=] { plainKCenter(*rows); };
                          }};
    compare(settings, {1, 3},
            {plain, choice("k_center", CoresetMethod::KCenter), choice("herding", CoresetMethod::Herding)}, table);
}

}  // namespace qat::bench
