// Greedy selections. Each chosen row is compared with all others once, so that both cost N x size x D and remember one
// number a row.
#include "quant/coreset.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "ops/clones.h"
#include "ops/fixed_split.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr int64_t kGrain = 512;  // rows a thread takes at least
constexpr uint64_t kDrawStream = 41;

// products[r] = <rows[r], direction>, summed in one order whatever the machine and the number of threads.
QAT_CLONES void rowProducts(const float* rows, const float* direction, float* products, int64_t count, int64_t width) {
    constexpr int64_t kLanes = 32;
    for (int64_t r = 0; r < count; ++r) {
        const float* const row = rows + r * width;
        float lanes[kLanes] = {};
        int64_t i = 0;
        for (; i + kLanes <= width; i += kLanes)
            for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += row[i + lane] * direction[i + lane];
        for (; i < width; ++i) lanes[0] += row[i] * direction[i];
        for (int64_t half = kLanes / 2; half > 0; half /= 2)
            for (int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
        products[r] = lanes[0];
    }
}

class Rows {
public:
    explicit Rows(const at::Tensor& features)
        : m_features(features.contiguous()), m_count(features.size(0)), m_width(features.size(1)) {}

    int64_t count() const { return m_count; }
    const float* row(int64_t index) const { return m_features.data_ptr<float>() + index * m_width; }
    std::vector<float> mean() const {
        const OneThread one;
        const at::Tensor mean = m_features.mean(0, false, at::kDouble).to(at::kFloat);
        return {mean.data_ptr<float>(), mean.data_ptr<float>() + m_width};
    }
    std::vector<float> times(const float* direction) const {
        std::vector<float> products(static_cast<size_t>(m_count));
        at::parallel_for(0, m_count, kGrain, [&](int64_t begin, int64_t end) {
            rowProducts(row(begin), direction, products.data() + begin, end - begin, m_width);
        });
        return products;
    }
    std::vector<float> squaredLengths() const {
        const OneThread one;
        const at::Tensor squares = m_features.square().sum(1);
        return {squares.data_ptr<float>(), squares.data_ptr<float>() + m_count};
    }

private:
    at::Tensor m_features;
    int64_t m_count, m_width;
};

// Squared distance of every row to its nearest centre, centres given one by one.
class Nearest {
public:
    explicit Nearest(const Rows& rows)
        : m_rows(rows),
          m_lengths(rows.squaredLengths()),
          m_nearest(m_lengths.size(), std::numeric_limits<float>::infinity()) {}

    void add(int64_t centre) {
        const std::vector<float> products = m_rows.times(m_rows.row(centre));
        const float length = m_lengths[static_cast<size_t>(centre)];
        for (size_t i = 0; i < m_nearest.size(); ++i)
            m_nearest[i] = std::min(m_nearest[i], std::max(m_lengths[i] + length - 2 * products[i], 0.0f));
        m_nearest[static_cast<size_t>(centre)] = 0;
    }
    const std::vector<float>& squared() const { return m_nearest; }
    const std::vector<float>& squaredLengths() const { return m_lengths; }

private:
    const Rows& m_rows;
    std::vector<float> m_lengths, m_nearest;
};

int64_t largest(const std::vector<float>& scores) {
    return std::ranges::max_element(scores) - scores.begin();
}

std::vector<int64_t> kCenter(const Rows& rows, int64_t size) {
    const std::vector<float> mean = rows.mean();
    Nearest nearest(rows);
    std::vector<float> scores = rows.times(mean.data());
    for (size_t i = 0; i < scores.size(); ++i)
        scores[i] =
            2 * scores[i] - nearest.squaredLengths()[i];  // minus squared distance to the mean, but for a constant
    std::vector<int64_t> chosen{largest(scores)};
    while (static_cast<int64_t>(chosen.size()) < size) {
        nearest.add(chosen.back());
        scores = nearest.squared();
        for (const int64_t index : chosen) scores[static_cast<size_t>(index)] = -1;
        chosen.push_back(largest(scores));
    }
    return chosen;
}

std::vector<int64_t> herding(const Rows& rows, int64_t size) {
    const std::vector<float> mean = rows.mean();
    std::vector<float> wanted = mean;
    std::vector<bool> taken(static_cast<size_t>(rows.count()));
    std::vector<int64_t> chosen;
    while (static_cast<int64_t>(chosen.size()) < size) {
        std::vector<float> scores = rows.times(wanted.data());
        for (size_t i = 0; i < scores.size(); ++i)
            if (taken[i]) scores[i] = -std::numeric_limits<float>::infinity();
        const int64_t best = largest(scores);
        taken[static_cast<size_t>(best)] = true;
        chosen.push_back(best);
        for (size_t i = 0; i < wanted.size(); ++i) wanted[i] += mean[i] - rows.row(best)[i];
    }
    return chosen;
}

std::vector<int64_t> draw(int64_t count, int64_t size, uint64_t seed) {
    std::vector<int64_t> all(static_cast<size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    Random random = Random::forItem(seed, kDrawStream, 0);
    for (int64_t i = 0; i < size; ++i)
        std::swap(all[static_cast<size_t>(i)], all[static_cast<size_t>(i + random.below(count - i))]);
    all.resize(static_cast<size_t>(size));
    return all;
}

// The output with what the backbone makes of an image; of a network without one its head.
std::string featureOutput(const Graph& graph) {
    const auto names = graph.outputNames(OutputRole::Backbone);
    return names.empty() ? headOutputs(graph).front() : names.front();
}

}  // namespace

std::vector<int64_t> selectCoreset(const at::Tensor& features, int64_t size, CoresetMethod method, uint64_t seed) {
    require(size > 0, ErrorKind::BadInput, "a coreset of ", size, " images cannot be chosen");
    const int64_t wanted = std::min(size, features.size(0));
    if (method == CoresetMethod::Random) return draw(features.size(0), wanted, seed);
    require(features.isfinite().all().item<bool>(), ErrorKind::BadInput, "features of the images are not finite");
    return method == CoresetMethod::KCenter ? kCenter(Rows(features), wanted) : herding(Rows(features), wanted);
}

std::vector<Coverage> coverageOf(const at::Tensor& features, const std::vector<int64_t>& chosen) {
    const Rows rows(features);
    Nearest nearest(rows);
    std::vector<Coverage> curve;
    for (size_t i = 0; i < chosen.size(); ++i) {
        nearest.add(chosen[i]);
        const size_t images = i + 1;
        if (!std::has_single_bit(images) && images < chosen.size()) continue;
        Coverage& point = curve.emplace_back(Coverage{static_cast<int64_t>(images), 0, 0});
        for (const float squared : nearest.squared()) {
            const double distance = std::sqrt(static_cast<double>(squared));
            point.farthest = std::max(point.farthest, distance);
            point.mean += distance / static_cast<double>(nearest.squared().size());
        }
    }
    return curve;
}

at::Tensor backboneFeatures(const Graph& floatGraph, const std::function<at::Tensor()>& next,
                            const std::function<void(int64_t)>& done, const CancelToken& cancel) {
    Executor executor(floatGraph, {.outputs = {featureOutput(floatGraph)}, .frozen = true});
    std::vector<at::Tensor> rows;
    for (at::Tensor images = next(); images.defined(); images = next()) {
        const at::Tensor map = executor.run(images).front().cpu();
        const OneThread one;
        const at::Tensor pooled = map.dim() == 4 ? map.mean({2, 3}) : map.flatten(1);
        rows.push_back(pooled / pooled.norm(2, 1, true).clamp_min(1e-12));
        done(static_cast<int64_t>(rows.size()));
        cancel.poll();
    }
    require(!rows.empty(), ErrorKind::BadInput, "there are no images to choose from");
    return at::cat(rows);
}

}  // namespace qat
