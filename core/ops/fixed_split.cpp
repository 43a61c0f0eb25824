// Within a parallel region libtorch runs on the thread it is called from.
#include "ops/fixed_split.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "ops/row_layout.h"
#include "ops/vector_loops.h"

namespace qat {
namespace {

constexpr int64_t kPiece = 1 << 15;  // elements
constexpr int64_t kRows = 32;        // of a product

}  // namespace

void shareOut(int64_t count, const std::function<void(int64_t)>& work) {
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        const at::NoGradGuard noGrad;  // belongs to a thread
        const OneThread one;           // where this is the only one, no region is parallel
        for (int64_t i = begin; i < end; ++i) work(i);
    });
}

at::Tensor imageByImage(const at::Tensor& images, const TensorFunction& function) {
    std::vector<at::Tensor> results(static_cast<size_t>(images.size(0)));
    shareOut(images.size(0), [&](int64_t i) { results[static_cast<size_t>(i)] = function(images.slice(0, i, i + 1)); });
    return at::cat(results);
}

at::Tensor piecewise(const at::Tensor& given, const TensorFunction& function) {
    const at::Tensor x = given.is_non_overlapping_and_dense() ? given : given.contiguous();
    at::Tensor y = at::empty_like(x);
    const int64_t n = x.numel();
    const at::Tensor from = x.as_strided({n}, {1}), to = y.as_strided({n}, {1});
    shareOut((n + kPiece - 1) / kPiece, [&](int64_t i) {
        const int64_t begin = i * kPiece, end = std::min(n, begin + kPiece);
        to.slice(0, begin, end).copy_(function(from.slice(0, begin, end)));
    });
    return y;
}

at::Tensor products(const at::Tensor& a, const at::Tensor& b) {
    at::Tensor result = at::empty({a.size(0), a.size(1), b.size(2)}, a.options());
    const int64_t perGroup = (a.size(1) + kRows - 1) / kRows;
    shareOut(a.size(0) * perGroup, [&](int64_t i) {
        const int64_t group = i / perGroup, begin = i % perGroup * kRows, end = std::min(a.size(1), begin + kRows);
        result.select(0, group)
            .slice(0, begin, end)
            .copy_(at::mm(a.select(0, group).slice(0, begin, end), b.select(0, group)));
    });
    return result;
}

at::Tensor channelSums(const at::Tensor& given) {
    const at::Tensor x = given.contiguous(at::MemoryFormat::ChannelsLast);
    const RowLayout layout(x);
    const float* const data = x.data_ptr<float>();
    const auto sums = layout.sumOverBlocks(layout.channels, [&](int64_t block, double* part) {
        loops::columnSums(data + layout.offsetOf(block), part, layout.rowsOf(block), layout.channels);
    });
    return at::tensor(sums, at::kDouble);
}

}  // namespace qat
