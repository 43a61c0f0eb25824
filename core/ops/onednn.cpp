// Translations between libtorch's terms and oneDNN's.
#include "ops/onednn.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

namespace qat::onednn {

using dnnl::memory;

dnnl::engine& cpu() {
    static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

memory::data_type typeOf(at::ScalarType type) {
    switch (type) {
        case at::kFloat:
            return memory::data_type::f32;
        case at::kByte:
            return memory::data_type::u8;
        case at::kChar:
            return memory::data_type::s8;
        default:
            fail(ErrorKind::Internal, "a convolution of ", at::toString(type));
    }
}

memory::dims weightDims(at::IntArrayRef s, int64_t groups) {
    if (groups == 1) return s.vec();
    return {groups, s[0] / groups, s[1], s[2], s[3]};
}

memory::desc weightOrder(const at::Tensor& weight, int64_t groups) {
    memory::dims strides = weight.strides().vec();
    if (groups > 1) strides.insert(strides.begin(), weight.size(0) / groups * strides[0]);
    return {weightDims(weight.sizes(), groups), typeOf(weight.scalar_type()), strides};
}

memory::desc anyWeightOrder(const at::Tensor& weight, int64_t groups) {
    return {weightDims(weight.sizes(), groups), typeOf(weight.scalar_type()), memory::format_tag::any};
}

memory::desc vectorOrder(int64_t count) {
    return {{count}, memory::data_type::f32, memory::format_tag::x};
}

memory::desc dataOrder(at::IntArrayRef sizes, memory::data_type type) {
    return {sizes.vec(), type, memory::format_tag::nhwc};
}

memory wrap(const memory::desc& desc, const at::Tensor& tensor) {
    return {desc, cpu(), tensor.data_ptr()};
}

Window::Window(const Conv2d& conv)
    : stride(conv.stride.begin(), conv.stride.end()),
      dilation{conv.dilation[0] - 1, conv.dilation[1] - 1},  // oneDNN counts the gaps
      padding(conv.padding.begin(), conv.padding.end()) {}

void execute(const dnnl::primitive& primitive, const Arguments& arguments) {
    dnnl::stream stream(cpu());
    primitive.execute(stream, arguments);
    stream.wait();
}

bool isDirect(std::string_view kernel) {
    return std::ranges::none_of(std::array{"brg", "gemm", "ref"},
                                [&](const char* other) { return kernel.find(other) != kernel.npos; });
}

}  // namespace qat::onednn
