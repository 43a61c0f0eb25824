// Statistics of batch norms against those of the values before them.
#include "train/reestimate_norms.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

std::vector<at::Tensor> someBatches(int64_t count) {
    std::vector<at::Tensor> batches;
    Random random(9);
    for (int64_t b = 0; b < count; ++b) {
        batches.push_back(at::empty({3, 3, 64, 64}));
        for (int64_t i = 0; i < batches.back().numel(); ++i)
            batches.back().data_ptr<float>()[i] = static_cast<float>(random.uniform() + 0.1 * static_cast<double>(b));
    }
    return batches;
}

std::function<at::Tensor()> oneByOne(const std::vector<at::Tensor>& batches) {
    return [&batches, next = size_t{0}]() mutable { return next < batches.size() ? batches[next++] : at::Tensor(); };
}

NormStatistics estimate(const Graph& graph, const std::vector<at::Tensor>& batches, const CancelToken& cancel = {}) {
    return reestimateNorms(graph, oneByOne(batches), cancel, [](int64_t) {});
}

TEST(ReestimateNorms, MeansOfBatchMeansAndUnbiasedVariances) {
    Graph graph = tinyDetector();
    const auto before = storedBytes(graph);
    const auto batches = someBatches(3);
    const NormStatistics statistics = estimate(graph, batches);
    EXPECT_EQ(storedBytes(graph), before) << "the graph stays as it is";
    // What stands before the first norm does not depend on any norm.
    const ValueId front = graph.node(*graph.findNode("model.0.bn")).inputs[0];
    Executor executor(graph, {.outputs = {"head.0"}, .values = {front}});
    at::Tensor mean = at::zeros({8}), variance = at::zeros({8});
    for (const at::Tensor& images : batches) {
        const at::Tensor rows = executor.run(images).back().transpose(0, 1).reshape({8, -1});
        mean += rows.mean(1) / 3;
        variance += rows.var(1, true) / 3;
    }
    ASSERT_EQ(graph.value(statistics[0].first).name, "model.0.bn.running_mean");
    EXPECT_LT((*statistics[0].second - mean).abs().max().item<float>(), 1e-5);
    EXPECT_LT(((*statistics[1].second - variance) / variance).abs().max().item<float>(), 1e-4);
}

TEST(ReestimateNorms, ExchangingTwiceRestoresEveryBit) {
    Graph graph = tinyDetector();
    const auto before = storedBytes(graph);
    const auto batches = someBatches(1);
    const NormStatistics old = exchangeNorms(graph, estimate(graph, batches));
    EXPECT_NE(storedBytes(graph), before);
    exchangeNorms(graph, old);
    EXPECT_EQ(storedBytes(graph), before);
}

TEST(ReestimateNorms, WithoutNormsOrImagesThereIsNothing) {
    Graph graph = tinyDetector();
    EXPECT_TRUE(estimate(graph, {}).empty());
    foldBatchNorm(graph);
    EXPECT_TRUE(estimate(graph, someBatches(1)).empty());
}

TEST(ReestimateNorms, FailuresLeaveTheGraphAlone) {
    Graph graph = tinyDetector();
    const auto before = storedBytes(graph);
    auto batches = someBatches(2);
    CancelToken cancel;
    cancel.request(StopLevel::FinishBatch);
    EXPECT_THROW(estimate(graph, batches, cancel), Error);
    batches[1].fill_(std::numeric_limits<float>::quiet_NaN());
    try {
        estimate(graph, batches);
        FAIL() << "must be refused";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("model.0.bn.running_mean"), std::string::npos) << error.what();
    }
    EXPECT_EQ(storedBytes(graph), before);
}

}  // namespace
}  // namespace qat::test
