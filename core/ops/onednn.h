// What our users of oneDNN share: tensors as its memories, and which of its convolutions may be chosen.
#pragma once

#include <ATen/core/Tensor.h>

#include <dnnl.hpp>
#include <string_view>
#include <tuple>

#include "base/error.h"
#include "ops/fixed_split.h"
#include "ops/onednn_versions.h"
#include "ops/op.h"

namespace qat::onednn {

dnnl::engine& cpu();

// float, uint8 or int8.
dnnl::memory::data_type typeOf(at::ScalarType type);

// Sizes of a weight [O,C/g,kh,kw] as oneDNN has them: groups, if any, apart.
dnnl::memory::dims weightDims(at::IntArrayRef sizes, int64_t groups);

// The weight in the order it has in memory.
dnnl::memory::desc weightOrder(const at::Tensor& weight, int64_t groups);

// The weight's sizes and type in an order that the kernel chooses.
dnnl::memory::desc anyWeightOrder(const at::Tensor& weight, int64_t groups);

// Vector of that many floats.
dnnl::memory::desc vectorOrder(int64_t count);

// Channels-last data.
dnnl::memory::desc dataOrder(at::IntArrayRef sizes, dnnl::memory::data_type type);

dnnl::memory wrap(const dnnl::memory::desc& desc, const at::Tensor& tensor);

// The window in oneDNN's terms; padding is the same on both sides.
struct Window {
    dnnl::memory::dims stride, dilation, padding;
    explicit Window(const Conv2d& conv);
};

// work(), whose refusals by oneDNN become Error: BadInput where memory is short, else Internal.
template <class Work>
auto guarded(const Work& work) {
    try {
        return work();
    } catch (const dnnl::error& error) {
        require(error.status != dnnl_out_of_memory, ErrorKind::BadInput, "not enough memory for a convolution");
        fail(ErrorKind::Internal, "oneDNN: ", error.what());
    }
}

void execute(const dnnl::primitive& primitive, const Arguments& arguments);

// Whether a kernel of that name walks over all inputs of a result one after the other, wherever it cuts, and is fast.
// Those made of matrix products, small ("brg") or large ("gemm"), choose by the number of threads how many products
// they add at a time; the reference kernel ("ref"), which can do everything, is a hundred times slower than one of them
// on one thread.
bool isDirect(std::string_view kernel);

// A primitive and what it says of itself.
template <class Primitive>
struct Made {
    typename Primitive::primitive_desc description;
    Primitive primitive;
    bool alone = false;  // made for one thread, and then only that one may execute it

    void execute(const Arguments& arguments) const {
        if (!alone) return onednn::execute(primitive, arguments);
        const OneThread one;
        onednn::execute(primitive, arguments);
    }
};

// A kernel that adds in an order which follows from the sizes alone: the first direct one; where there is none
// (paddings of a window of one, gradients of dilated steps), the first of all, on one thread. what, hint: see
// describe().
template <class Primitive, class... What, class... Hint>
Made<Primitive> makeFixed(const std::tuple<What...>& what, const dnnl::primitive_attr& attributes,
                          const Hint&... hint) {
    if (const auto direct = describeFirst<Primitive>(isDirect, cpu(), what, attributes, hint...))
        return {*direct, Primitive(*direct)};
    const OneThread one;  // oneDNN remembers kernels by the number of threads they are made under
    const auto first = describe<Primitive>(cpu(), what, attributes, hint...);
    return {first, Primitive(first), true};
}

}  // namespace qat::onednn
