// Quantizers and operators on codes in both forms.
#include "ops/quantizing_ops.h"

#include <ATen/ATen.h>

#include "ops/compute.h"
#include "ops/fake_quantize.h"
#include "ops/integer_ops.h"
#include "ops/portable_quantizers.h"

namespace qat {
namespace {

struct PortableCodes {
    const Tensors& in;

    Tensors operator()(const FakeQuantize* op) const { return {portable::fakeQuantize(*op, in)}; }
    Tensors operator()(const Quantize* op) const { return {portable::quantize(*op, in)}; }
    Tensors operator()(const Dequantize*) const { return {portable::dequantize(in)}; }
    Tensors operator()(const IntegerConv2d* op) const { return {portable::integerConv(*op, in)}; }
    Tensors operator()(const IntegerMatMul* op) const { return {portable::integerMatMul(*op, in)}; }
    Tensors operator()(const IntegerAdd* op) const { return {portable::integerAdd(*op, in)}; }
    Tensors operator()(const Lookup*) const { return {portable::lookUp(in)}; }
};

// What is not here is computed as above.
struct FastCodes : PortableCodes {
    using PortableCodes::operator();

    Tensors operator()(const FakeQuantize* op) const { return {fakeQuantize(*op, in[0], in[1], in[2])}; }
    Tensors operator()(const Quantize* op) const {
        return {quantizeToCodes(in[0], codeGrid(op->qmin, op->qmax, in[1], in[2]))};
    }
    Tensors operator()(const Dequantize*) const { return {dequantizeCodes(in[0], in[1], in[2])}; }
    Tensors operator()(const IntegerConv2d* op) const {
        return {finishSums(*op, exactSums(op->window(), in[0], in[1], in[2]), in)};
    }
    Tensors operator()(const IntegerAdd* op) const { return {addCodes(*op, in[0], in[1], in[2], in[3])}; }
    Tensors operator()(const Lookup*) const { return {lookUp(in[0], in[1])}; }
};

}  // namespace

Tensors compute(QuantizingOps::Pointer op, const Tensors& inputs, bool, OpForm form) {
    if (form == OpForm::Portable) return std::visit(PortableCodes{inputs}, op);
    return std::visit(FastCodes{{inputs}}, op);
}

}  // namespace qat
