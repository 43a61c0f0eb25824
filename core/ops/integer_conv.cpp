// Sums come as int32 from bytes where the processor has exact byte products, else as whole numbers in float, exact
// below 2^24.
#include "ops/integer_conv.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "ops/activation.h"
#include "ops/integer_ops.h"
#include "ops/row_layout.h"

namespace qat {

IntegerConv::IntegerConv(const IntegerConv2d& op, const std::vector<at::Tensor>& in, IntegerEpilogue tail)
    : m_op(op), m_inputs(in), m_tail(std::move(tail)), m_bytes(PackedConv::integersAreExact()) {
    require(!m_tail.table.defined() || op.requantize, ErrorKind::Internal, "a table follows codes only");
}

at::Tensor IntegerConv::sumsOf(const at::Tensor& codes) {
    const float zeroPoint = m_inputs[1].data_ptr<float>()[0];
    if (!m_packed && m_bytes)
        m_packed.emplace(m_op.window(), m_inputs[2], codes.scalar_type() == at::kChar, static_cast<int32_t>(zeroPoint));
    if (!m_packed) m_packed.emplace(m_op.window(), m_inputs[2].to(at::kFloat), at::Tensor(), std::nullopt);
    if (m_bytes) return m_packed->run(codes);
    const at::Tensor whole = m_packed->run(dequantizeCodes(codes, at::ones({1}), m_inputs[1]));
    return whole.to(at::kInt).view(at::kFloat);
}

at::Tensor IntegerConv::run(const at::Tensor& codes) {
    at::Tensor sums = sumsOf(codes);
    const RowLayout layout(sums);
    const float* factor = m_inputs[4].data_ptr<float>();
    float* const all = sums.data_ptr<float>();
    const bool toCodes = m_op.requantize || m_tail.grid;
    loops::CodeGrid grid = m_tail.grid.value_or(loops::CodeGrid{});
    if (m_op.requantize) grid = codeGrid(m_op.qmin, m_op.qmax, at::ones({1}), m_inputs[5]);
    const at::ScalarType type = m_tail.table.defined() ? m_tail.table.scalar_type()
                                : grid.isSigned        ? at::kChar
                                                       : at::kByte;
    at::Tensor out = toCodes ? at::empty_like(sums, sums.options().dtype(type)) : sums;
    layout.forEachBlock([&](int64_t block) {
        const int64_t at = layout.offsetOf(block), rows = layout.rowsOf(block), n = rows * layout.channels;
        const auto* from = reinterpret_cast<const int32_t*>(all + at);
        if (m_op.requantize) {
            uint8_t* const to = bytes(out) + at;
            loops::scaleBiasedSums(from, m_inputs[3].data_ptr<int32_t>(), factor, all + at, rows, layout.channels);
            loops::roundCodes(all + at, to, n, grid);
            if (m_tail.table.defined())
                loops::lookUp(to, static_cast<const uint8_t*>(m_tail.table.data_ptr()), to, n, grid.isSigned);
            return;
        }
        loops::scaleSums(from, m_inputs[3].data_ptr<float>(), factor, all + at, rows, layout.channels);
        if (m_tail.activation)
            traitsOf(m_tail.activation->kind)
                .forward(all + at, all + at, n, static_cast<float>(m_tail.activation->slope));
        if (m_tail.grid) loops::quantizeCodes(all + at, bytes(out) + at, n, grid);
    });
    return out;
}

}  // namespace qat
