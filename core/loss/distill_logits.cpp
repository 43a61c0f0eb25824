// The divergence of a batch in two sweeps: how much each anchor weighs, then its divergence.
#include "loss/distill_logits.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "loss/distill_anchors.h"
#include "loss/known_gradient.h"
#include "loss/loss_maps.h"

namespace qat {
namespace {

constexpr int64_t kChunkCells = 512;  // fixed, so that sums do not depend on the number of threads

// Consecutive cells of a map, over all images.
struct Chunk {
    size_t level;
    int64_t first, count;
};

class LogitDivergence {
public:
    LogitDivergence(const std::vector<at::Tensor>& student, const std::vector<at::Tensor>& teacher,
                    const LogitDistillationOptions& options, bool withGradient)
        : m_options(options), m_batch(static_cast<double>(student.front().size(0))) {
        for (size_t level = 0; level < student.size(); ++level) {
            m_student.push_back(student[level].detach().cpu().contiguous(at::MemoryFormat::ChannelsLast));
            m_teacher.push_back(teacher[level].detach().cpu().contiguous(at::MemoryFormat::ChannelsLast));
            if (withGradient) m_gradients.push_back(at::empty_like(m_student.back()));
            const int64_t cells = student[level].numel() / student[level].size(1);
            for (int64_t first = 0; first < cells; first += kChunkCells)
                m_chunks.push_back({level, first, std::min(kChunkCells, cells - first)});
        }
    }

    LogitDistillation run() {
        weigh();
        const double t = m_options.temperature;
        std::vector<AnchorDivergence> parts(m_chunks.size());
        overChunks([&](size_t i) { parts[i] = divergenceOf(runOf(i)); });
        AnchorDivergence sum;
        for (const AnchorDivergence& part : parts) sum.cls += part.cls, sum.box += part.box;
        LogitDistillation result;
        result.cls = m_options.clsGain * t * t * sum.cls / m_weightSum;
        result.box = m_options.dflGain * (isPlain() ? 1 : t * t) * sum.box / 4 / m_weightSum;
        result.total = at::scalar_tensor((result.cls + result.box) * m_batch, at::kDouble).to(at::kFloat);
        return result;
    }
    std::vector<at::Tensor> gradients() { return std::move(m_gradients); }

private:
    template <class Work>
    void overChunks(const Work& work) const {
        at::parallel_for(0, static_cast<int64_t>(m_chunks.size()), 1, [&](int64_t begin, int64_t end) {
            for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) work(i);
        });
    }

    bool isPlain() const { return m_options.regMax == 1; }

    AnchorRun runOf(size_t index) const {
        const Chunk& chunk = m_chunks[index];
        const int64_t at = chunk.first * (4 * m_options.regMax + m_options.numClasses);
        const double slope = m_options.temperature * m_batch / m_weightSum;
        const double boxSlope = isPlain() ? m_batch / m_weightSum : slope;
        const at::Tensor& map = m_student[chunk.level];
        return {.student = m_student[chunk.level].data_ptr<float>() + at,
                .teacher = m_teacher[chunk.level].data_ptr<float>() + at,
                .weights = m_weights[index].data(),
                .count = chunk.count,
                .bins = m_options.regMax,
                .classes = m_options.numClasses,
                .inverseTemperature = static_cast<float>(1 / m_options.temperature),
                .shareX = 1 / static_cast<float>(map.size(3)),
                .shareY = 1 / static_cast<float>(map.size(2)),
                .clsSlope = static_cast<float>(m_options.clsGain * slope),
                .boxSlope = static_cast<float>(m_options.dflGain * boxSlope / 4),
                .gradient = m_gradients.empty() ? nullptr : m_gradients[chunk.level].data_ptr<float>() + at};
    }

    void weigh() {
        m_weights.resize(m_chunks.size());
        std::vector<double> sums(m_chunks.size());
        const int64_t sides = 4 * m_options.regMax, channels = sides + m_options.numClasses;
        overChunks([&](size_t i) {
            const float* logits = m_teacher[m_chunks[i].level].data_ptr<float>() + m_chunks[i].first * channels + sides;
            for (int64_t cell = 0; cell < m_chunks[i].count; ++cell, logits += channels) {
                const double largest = *std::max_element(logits, logits + m_options.numClasses);
                m_weights[i].push_back(static_cast<float>(1 / (1 + std::exp(-largest))));
                sums[i] += m_weights[i].back();
            }
        });
        double sum = 0;
        for (const double part : sums) sum += part;
        m_weightSum = sum < 1 ? 1 : sum;  // keeps not-a-number
    }

    const LogitDistillationOptions& m_options;
    double m_batch;
    std::vector<at::Tensor> m_student, m_teacher;  // channels-last
    std::vector<at::Tensor> m_gradients;           // as the student's maps, or none
    std::vector<Chunk> m_chunks;
    std::vector<std::vector<float>> m_weights;  // of the anchors of each chunk
    double m_weightSum = 1;
};

void checkMaps(const std::vector<at::Tensor>& student, const std::vector<at::Tensor>& teacher,
               const LogitDistillationOptions& options) {
    ensure(!student.empty() && student.size() == teacher.size(), "as many maps of the student as of the teacher");
    ensure(options.regMax >= 1 && options.regMax <= kMostBins && options.numClasses >= 1, "distillation options");
    for (size_t level = 0; level < student.size(); ++level) {
        const at::Tensor& map = student[level];
        ensure(map.dim() == 4 && map.numel() > 0 && map.sizes() == teacher[level].sizes(), "shape of the head map");
        ensure(map.size(1) == 4 * options.regMax + options.numClasses, "channels of the head map");
        ensure(map.scalar_type() == at::kFloat && teacher[level].scalar_type() == at::kFloat, "type of the head map");
    }
}

}  // namespace

LogitDistillation distillLogits(const std::vector<at::Tensor>& student, const std::vector<at::Tensor>& teacher,
                                const LogitDistillationOptions& options) {
    checkMaps(student, teacher, options);
    const bool wanted = wantsGradient(student);
    LogitDistillation result;
    std::vector<at::Tensor> gradients;
    {
        const at::NoGradGuard noGrad;
        LogitDivergence divergence(student, teacher, options, wanted);
        result = divergence.run();
        gradients = divergence.gradients();
    }
    if (wanted) result.total = withGradient(result.total, student, std::move(gradients));
    return result;
}

}  // namespace qat
