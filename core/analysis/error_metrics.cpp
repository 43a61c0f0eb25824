// Error sums in one pass, blockwise in parallel and summed in block order.
#include "analysis/error_metrics.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/error.h"

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define QAT_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define QAT_CLONES
#endif

namespace qat {
namespace {

constexpr int64_t kBlock = 4096;
constexpr int64_t kLanes = 16;
using Sums = std::array<double, 6>;

// squared error, squared reference, squared quantized, product, absolute error, absolute reference
QAT_CLONES void blockSums(const float* y, const float* q, int64_t n, Sums& sums) {
    float lanes[6][kLanes] = {};
    const int64_t whole = n / kLanes * kLanes;
    for (int64_t i = 0; i < whole; i += kLanes)
        for (int64_t lane = 0; lane < kLanes; ++lane) {
            const float a = y[i + lane], b = q[i + lane], d = a - b;
            lanes[0][lane] += d * d;
            lanes[1][lane] += a * a;
            lanes[2][lane] += b * b;
            lanes[3][lane] += a * b;
            lanes[4][lane] += __builtin_fabsf(d);
            lanes[5][lane] += __builtin_fabsf(a);
        }
    for (size_t k = 0; k < sums.size(); ++k)
        for (const float lane : lanes[k]) sums[k] += lane;
    for (int64_t i = whole; i < n; ++i) {
        const double a = y[i], b = q[i], d = a - b;
        const Sums rest{d * d, a * a, b * b, a * b, std::abs(d), std::abs(a)};
        for (size_t k = 0; k < sums.size(); ++k) sums[k] += rest[k];
    }
}

// The second tensor in the memory order of the first.
at::Tensor inOrderOf(const at::Tensor& reference, const at::Tensor& other) {
    if (other.strides() == reference.strides()) return other;
    at::Tensor ordered = at::empty_like(reference);
    return ordered.copy_(other);
}

}  // namespace

void ErrorSums::add(const at::Tensor& referenceIn, const at::Tensor& quantizedIn) {
    require(referenceIn.sizes() == quantizedIn.sizes(), ErrorKind::Internal, "comparing tensors of different shapes");
    const at::Tensor here = referenceIn.cpu();
    const at::Tensor reference = here.is_non_overlapping_and_dense() ? here : here.contiguous();
    const at::Tensor quantized = inOrderOf(reference, quantizedIn.cpu());
    const int64_t n = reference.numel(), blocks = (n + kBlock - 1) / kBlock;
    std::vector<Sums> parts(static_cast<size_t>(blocks));
    at::parallel_for(0, blocks, 4, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            blockSums(reference.data_ptr<float>() + i * kBlock, quantized.data_ptr<float>() + i * kBlock,
                      std::min(kBlock, n - i * kBlock), parts[i]);
    });
    for (const Sums& part : parts) {
        m_squaredError += part[0], m_squaredReference += part[1], m_squaredQuantized += part[2];
        m_product += part[3], m_absError += part[4], m_absReference += part[5];
    }
    m_count += n;
}

double ErrorSums::mse() const {
    return m_count ? m_squaredError / static_cast<double>(m_count) : 0;
}
double ErrorSums::noiseToSignal() const {
    return m_squaredError > 0 ? m_squaredError / std::max(m_squaredReference, 1e-30) : 0;
}
double ErrorSums::sqnrDb() const {
    return m_squaredError > 0 ? std::min(200.0, -10 * std::log10(noiseToSignal())) : 200.0;
}
double ErrorSums::cosine() const {
    const double norms = std::sqrt(m_squaredReference) * std::sqrt(m_squaredQuantized);
    return norms > 0 ? m_product / norms : (m_squaredReference == m_squaredQuantized ? 1.0 : 0.0);
}
double ErrorSums::absError() const {
    return m_count ? m_absError / static_cast<double>(m_count) : 0;
}
double ErrorSums::relError() const {
    return m_absError / (m_absReference + 1e-12);
}

std::map<std::string, double> ErrorSums::metrics() const {
    return {{"mse", mse()},
            {"sqnr_db", sqnrDb()},
            {"cosine", cosine()},
            {"abs_error", absError()},
            {"rel_error", relError()}};
}

// Hexadecimal, so that doubles come back bit by bit, whatever decimal point the locale has.
std::string ErrorSums::text() const {
    std::array<char, 256> text;
    char* at = text.data();
    for (const double sum :
         {m_squaredError, m_squaredReference, m_squaredQuantized, m_product, m_absError, m_absReference}) {
        at = std::to_chars(at, text.end(), sum, std::chars_format::hex).ptr;
        *at++ = ',';
    }
    return {text.data(), std::to_chars(at, text.end(), m_count).ptr};
}

ErrorSums ErrorSums::fromText(const std::string& text) {
    ErrorSums sums;
    const char* at = text.data();
    const char* const end = at + text.size();
    const auto pass = [&](const std::from_chars_result& read, bool last) {
        const bool whole = read.ec == std::errc() && (last ? read.ptr == end : read.ptr != end && *read.ptr == ',');
        require(whole, ErrorKind::BadInput, "bad error sums ", text);
        at = read.ptr + 1;
    };
    for (double* sum : {&sums.m_squaredError, &sums.m_squaredReference, &sums.m_squaredQuantized, &sums.m_product,
                        &sums.m_absError, &sums.m_absReference})
        pass(std::from_chars(at, end, *sum, std::chars_format::hex), false);
    pass(std::from_chars(at, end, sums.m_count), true);
    require(sums.m_count >= 0, ErrorKind::BadInput, "bad error sums ", text);
    return sums;
}

}  // namespace qat
