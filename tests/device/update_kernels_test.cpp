// What moves parameters as libtorch's operations against our loops, on the processor and on a device.
#include <gtest/gtest.h>

#include "graph/device.h"
#include "support/tensors.h"
#include "train/update_kernels.h"

namespace qat {
namespace {

using test::randomTensor;

constexpr int64_t kRows = 6, kRow = 35;

// Rows with a scale each, one of them in two runs.
std::vector<GridRun> sampleRuns() {
    std::vector<GridRun> runs;
    for (int64_t i = 0; i < kRows; ++i) {
        const float scale = 0.1f + 0.03f * static_cast<float>(i), zero = i == 4 ? 1.0f : 0.0f;
        const loops::Grid grid{scale, 1 / scale, zero, -7, 7};
        const int64_t cut = i == 2 ? 11 : kRow;
        runs.push_back({i * kRow, cut, i, grid});
        if (cut < kRow) runs.push_back({i * kRow + cut, kRow - cut, i, grid});
    }
    return runs;
}

// Codes in -7 .. 7, some of them free.
at::Tensor someCodes(uint64_t seed, bool free) {
    at::Tensor codes = (randomTensor({kRows, kRow}, seed) * 7).round();
    if (free) codes.masked_fill_(randomTensor({kRows, kRow}, seed + 1).gt(0), loops::kFree);
    return codes.to(at::kChar);
}

struct Place {
    const UpdateKernels& kernels;
    at::Device device;
    at::Tensor there(const at::Tensor& tensor) const { return tensor.clone().to(device); }
};

// Ours, and those that must do the same.
class Updates : public testing::TestWithParam<bool> {
protected:
    const Place ours{updateKernelsOf(at::empty({0})), at::kCPU};
    const Place others{GetParam() ? updateKernelsOf(at::empty({0}, findDevice("cuda"))) : portableUpdateKernels(),
                       GetParam() ? findDevice("cuda") : at::Device(at::kCPU)};
    const std::vector<GridRun> runs = sampleRuns();
    const at::Tensor weight = randomTensor({kRows, kRow}, 1), gradient = randomTensor({kRows, kRow}, 2),
                     moment = randomTensor({kRows, kRow}, 3), square = randomTensor({kRows, kRow}, 4, 0, 1);

    // Runs the function in both places, on copies of the tensors, which then must be equal.
    template <class Function>
    void compare(const std::vector<at::Tensor>& tensors, const Function& function) {
        std::vector<at::Tensor> mine, theirs;
        for (const at::Tensor& tensor : tensors) {
            mine.push_back(ours.there(tensor));
            theirs.push_back(others.there(tensor));
        }
        const double here = function(ours.kernels, mine), there = function(others.kernels, theirs);
        EXPECT_NEAR(there, here, 1e-6 * std::abs(here));
        for (size_t i = 0; i < tensors.size(); ++i)
            EXPECT_LE(test::maxDifference(theirs[i].cpu(), mine[i]), 1e-6) << "tensor " << i;
        EXPECT_FALSE(tensors.front().equal(mine.front())) << "nothing moved";
    }
};

TEST_P(Updates, SgdStep) {
    compare({weight, moment, gradient}, [](const UpdateKernels& k, auto& t) {
        k.sgdStep(t[0], t[2], t[1], {0.1f, 0.9f, 0.05f, 0.7f});
        return 1.0;
    });
}

TEST_P(Updates, AdamStep) {
    for (const bool decoupled : {false, true})
        compare({weight, moment, square, gradient}, [&](const UpdateKernels& k, auto& t) {
            k.adamStep(
                t[0], t[3], t[1], t[2],
                {0.1f, 0.9f, 0.999f, 0.271f, 0.003f, 1e-8f, decoupled ? 0.0f : 0.05f, decoupled ? 0.05f : 0.0f, 0.7f});
            return 1.0;
        });
}

TEST_P(Updates, MuonStep) {
    for (const Shape& shape : {Shape{6, 35}, Shape{35, 6}, Shape{8, 3, 3, 3}})
        compare({randomTensor(shape, 1), randomTensor(shape, 2), randomTensor(shape, 3)},
                [](const UpdateKernels& k, auto& t) {
                    k.muonStep(t[0], t[2], t[1], {0.01f, 0.9f, 0.7f});
                    return k.sumOfSquares(t[1]);
                });
}

TEST_P(Updates, ChannelsLastMemory) {
    const auto order = at::MemoryFormat::ChannelsLast;
    compare({randomTensor({2, 3, 4, 5}, 1).contiguous(order), randomTensor({2, 3, 4, 5}, 2).contiguous(order)},
            [](const UpdateKernels& k, auto& t) {
                k.average(t[0], t[1], 0.9f);
                return k.sumOfSquares(t[0]);
            });
}

TEST_P(Updates, FloorAndAverage) {
    compare({weight, moment}, [](const UpdateKernels& k, auto& t) {
        k.raise(t[0], -0.25f);
        k.average(t[0], t[1], 0.99f);
        return k.sumOfSquares(t[0]);
    });
}

TEST_P(Updates, Oscillation) {
    compare({square, someCodes(5, false), someCodes(6, false).sign(), weight}, [&](const UpdateKernels& k, auto& t) {
        k.track(t[3], {t[1], t[2], t[0]}, runs, 0.3f);
        const auto [sum, count] = k.boundaryDistances(t[3], runs);
        return sum + static_cast<double>(count);
    });
}

TEST_P(Updates, Freezing) {
    compare({weight, square, randomTensor({kRows, kRow}, 8) * 7, someCodes(9, true), someCodes(11, false)},
            [&](const UpdateKernels& k, auto& t) {
                const int64_t added = k.freeze(t[0], {t[4], t[1], t[2], t[3]}, runs, 0.5f, 0.3f);
                EXPECT_GT(added, 10);
                k.hold(t[0], t[3], runs);
                return static_cast<double>(added);
            });
}

TEST_P(Updates, GradientsOfFrozenWeights) {
    compare({gradient, someCodes(9, true)}, [&](const UpdateKernels& k, auto& t) {
        const std::vector<double> sums = k.takeFrozen(t[0], t[1], runs);
        EXPECT_EQ(sums.size(), runs.size());
        double all = 0;
        for (size_t i = 0; i < sums.size(); ++i) all += sums[i] * static_cast<double>(i + 1);
        return all;
    });
}

TEST_P(Updates, Dampening) {
    compare({gradient, weight}, [&](const UpdateKernels& k, auto& t) {
        double loss = 0;
        for (const double sum : k.dampen(t[1], t[0], runs, 0.3f)) loss += sum;
        return loss;
    });
}

INSTANTIATE_TEST_SUITE_P(Places, Updates, testing::Bool(),
                         [](const auto& place) { return place.param ? "OnTheDevice" : "OnTheProcessor"; });

}  // namespace
}  // namespace qat
