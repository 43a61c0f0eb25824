// Means, then second moments, then the gradient: three sweeps over channels-last memory.
#include "train/distill_features.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "loss/known_gradient.h"
#include "ops/row_layout.h"

namespace qat {
namespace {

constexpr double kNormEps = 1e-3;  // as in the families' batch norms: channels that hardly vary count little

using Columns = std::vector<double>;

struct Maps {
    const float* student;
    const float* teacher;
    RowLayout layout;
};

// Both means, the student's first.
Columns meansOf(const Maps& maps) {
    const auto channels = static_cast<size_t>(maps.layout.channels);
    Columns means = maps.layout.sumOverBlocks(2 * maps.layout.channels, [&](int64_t block, double* part) {
        const int64_t at = maps.layout.offsetOf(block);
        for (int64_t row = 0; row < maps.layout.rowsOf(block); ++row)
            for (size_t c = 0; c < channels; ++c) {
                const size_t i = static_cast<size_t>(at) + static_cast<size_t>(row) * channels + c;
                part[c] += maps.student[i];
                part[channels + c] += maps.teacher[i];
            }
    });
    for (double& mean : means) mean /= static_cast<double>(maps.layout.rows);
    return means;
}

// Variances of student and teacher and their covariance, one after another.
Columns momentsOf(const Maps& maps, const Columns& means) {
    const auto channels = static_cast<size_t>(maps.layout.channels);
    Columns moments = maps.layout.sumOverBlocks(3 * maps.layout.channels, [&](int64_t block, double* part) {
        const int64_t at = maps.layout.offsetOf(block);
        for (int64_t row = 0; row < maps.layout.rowsOf(block); ++row)
            for (size_t c = 0; c < channels; ++c) {
                const size_t i = static_cast<size_t>(at) + static_cast<size_t>(row) * channels + c;
                const double s = maps.student[i] - means[c], t = maps.teacher[i] - means[channels + c];
                part[c] += s * s;
                part[channels + c] += t * t;
                part[2 * channels + c] += s * t;
            }
    });
    for (double& moment : moments) moment /= static_cast<double>(maps.layout.rows);
    return moments;
}

// Of one channel: the distance, and its gradient, bySelf (s - mean) - byOther (t - mean).
struct ChannelDistance {
    double value, bySelf, byOther;
};

// With v, u the variances, c the covariance, i = 1 / sqrt(v + eps) and j = 1 / sqrt(u + eps):
//   d = v i^2 + u j^2 - 2 c i j,   n/2 dd/ds = (s - mean) (eps i^4 + c i^3 j) - (t - mean) i j
ChannelDistance distanceOf(double v, double u, double c, double n) {
    const double i = 1 / std::sqrt(v + kNormEps), j = 1 / std::sqrt(u + kNormEps);
    return {.value = v * i * i + u * j * j - 2 * (c * i * j),
            .bySelf = 2 / n * (kNormEps * i * i * i * i + c * i * i * i * j),
            .byOther = 2 / n * i * j};
}

at::Tensor gradientOf(const Maps& maps, const at::Tensor& student, const Columns& means,
                      const std::vector<ChannelDistance>& distances, double scale) {
    at::Tensor gradient = at::empty_like(student);
    float* out = gradient.data_ptr<float>();
    const size_t channels = distances.size();
    maps.layout.forEachBlock([&](int64_t block) {
        const int64_t at = maps.layout.offsetOf(block);
        for (int64_t row = 0; row < maps.layout.rowsOf(block); ++row)
            for (size_t c = 0; c < channels; ++c) {
                const size_t i = static_cast<size_t>(at) + static_cast<size_t>(row) * channels + c;
                const double s = maps.student[i] - means[c], t = maps.teacher[i] - means[channels + c];
                out[i] = static_cast<float>(scale * (distances[c].bySelf * s - distances[c].byOther * t));
            }
    });
    return gradient;
}

}  // namespace

FeatureDistance featureDistance(const at::Tensor& student, const at::Tensor& teacher) {
    ensure(student.dim() == 4 && student.numel() > 0 && student.sizes() == teacher.sizes(), "shape of the features");
    const bool wanted = at::GradMode::is_enabled() && student.requires_grad();
    FeatureDistance result;
    at::Tensor gradient;
    {
        const at::NoGradGuard noGrad;
        const at::Tensor s = student.detach().cpu().contiguous(at::MemoryFormat::ChannelsLast);
        const at::Tensor t = teacher.detach().cpu().contiguous(at::MemoryFormat::ChannelsLast);
        const Maps maps{s.data_ptr<float>(), t.data_ptr<float>(), RowLayout(s)};
        const Columns means = meansOf(maps), moments = momentsOf(maps, means);
        const auto channels = static_cast<size_t>(maps.layout.channels);
        std::vector<ChannelDistance> distances;
        for (size_t c = 0; c < channels; ++c)
            distances.push_back(distanceOf(moments[c], moments[channels + c], moments[2 * channels + c],
                                           static_cast<double>(maps.layout.rows)));
        for (const ChannelDistance& channel : distances) result.value += channel.value;
        result.value /= static_cast<double>(channels);
        const auto images = static_cast<double>(s.size(0));
        result.total = at::scalar_tensor(result.value * images, at::kFloat);
        if (wanted) gradient = gradientOf(maps, s, means, distances, images / static_cast<double>(channels));
    }
    if (wanted) result.total = withGradient(result.total, {student}, {gradient});
    return result;
}

}  // namespace qat
