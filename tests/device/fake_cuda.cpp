// A device for tests, where libtorch has none: it answers as `cuda:0`, computes with the processor's kernels, and its
// addresses cannot be read. Whatever takes a tensor of a device for memory of the processor dies on the spot; tensors
// of two devices in one operation are refused, as a real device refuses them.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include "device/libtorch_versions.h"
#include "ops/libtorch_versions.h"

namespace qat::test {
namespace {

using Stack = torch::jit::Stack;

constexpr uintptr_t kUnreadable = uintptr_t{1} << 62;  // no address of x86-64 or AArch64 has this bit alone

const c10::Device kFakeDevice(c10::DeviceType::CUDA, 0);

void* turned(const void* pointer) {
    return pointer ? reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(pointer) ^ kUnreadable) : nullptr;
}

void forgetTensor(void* keeper) {
    delete static_cast<at::Tensor*>(keeper);
}

// Memory of the processor under an address of the device; lives as long as somebody holds it.
c10::DataPtr onDevice(const at::Tensor& memory) {
    auto* keeper = new at::Tensor(memory);
    return {turned(memory.storage().data()), keeper, &forgetTensor, kFakeDevice};
}

class FakeAllocator final : public VersionedAllocator {
public:
    c10::DataPtr make(size_t bytes) const override {
        return onDevice(at::empty({static_cast<int64_t>(bytes)}, at::kByte));
    }
    void copy(void* to, const void* from, size_t bytes) const override { std::memcpy(turned(to), turned(from), bytes); }
};

FakeAllocator& allocator() {
    static FakeAllocator one;
    return one;
}

class FakeGuard final : public c10::impl::DeviceGuardImplInterface {
public:
    c10::DeviceType type() const override { return c10::DeviceType::CUDA; }
    c10::Device exchangeDevice(c10::Device) const override { return kFakeDevice; }
    c10::Device getDevice() const override { return kFakeDevice; }
    void setDevice(c10::Device) const override {}
    void uncheckedSetDevice(c10::Device) const noexcept override {}
    c10::Stream getStream(c10::Device) const noexcept override { return stream(); }
    c10::Stream getDefaultStream(c10::Device) const override { return stream(); }
    c10::Stream exchangeStream(c10::Stream) const noexcept override { return stream(); }
    c10::DeviceIndex deviceCount() const noexcept override { return 1; }

private:
    static c10::Stream stream() { return c10::Stream(c10::Stream::DEFAULT, kFakeDevice); }
};

C10_REGISTER_GUARD_IMPL(CUDA, FakeGuard)

// Autograd asks them whether streams of a device can differ.
struct FakeHooks final : at::CUDAHooksInterface {
    explicit FakeHooks(at::CUDAHooksArgs) {}
    bool hasCUDA() const override { return true; }
    bool hasPrimaryContext(HookIndex) const override { return true; }
    int getNumGPUs() const override { return 1; }
};

bool isFake(const at::Tensor& tensor) {
    return tensor.defined() && tensor.device() == kFakeDevice;
}

// The same memory, for kernels of the processor.
at::Tensor readable(const at::Tensor& tensor) {
    if (!isFake(tensor)) return tensor;
    const auto options = at::TensorOptions().dtype(tensor.scalar_type());
    if (tensor.numel() == 0) return at::empty_strided(tensor.sizes(), tensor.strides(), options);
    return at::from_blob(turned(tensor.data_ptr()), tensor.sizes(), tensor.strides(), options);
}

void takeMemory(const at::Tensor& tensor, const at::Tensor& memory) {
    c10::TensorImpl* const impl = tensor.unsafeGetTensorImpl();
    impl->unsafe_storage().set_data_ptr(onDevice(memory));
    impl->unsafe_storage().set_nbytes(memory.storage().nbytes());
    impl->set_sizes_and_strides(memory.sizes(), memory.strides());
    impl->set_storage_offset(memory.storage_offset());
}

at::Tensor fakeOf(const at::Tensor& memory) {
    if (!memory.defined()) return memory;
    at::Tensor tensor = at::detail::empty_generic({0}, &allocator(), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                                  memory.scalar_type(), noValue);
    takeMemory(tensor, memory);
    return tensor;
}

at::Tensor emptyTensor(at::IntArrayRef size, Maybe<at::ScalarType> type, Maybe<at::Layout>, Maybe<at::Device>,
                       Maybe<bool>, Maybe<at::MemoryFormat> order) {
    return at::detail::empty_generic(size, &allocator(), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                     type.value_or(at::kFloat), order);
}

at::Tensor emptyStrided(at::IntArrayRef size, at::IntArrayRef stride, Maybe<at::ScalarType> type, Maybe<at::Layout>,
                        Maybe<at::Device>, Maybe<bool>) {
    return at::detail::empty_strided_generic(size, stride, &allocator(), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                             type.value_or(at::kFloat));
}

at::Tensor reshapeAlias(const at::Tensor& self, at::IntArrayRef size, at::IntArrayRef stride) {
    return at::native::as_strided_tensorimpl(self, size, stride, self.storage_offset());
}

// Between devices and within one.
at::Tensor& copyInto(at::Tensor& self, const at::Tensor& from, bool) {
    readable(self).copy_(readable(from));
    return self;
}

// What libtorch takes for convolutions on CUDA without cuDNN. The processor's kernel of that name gives wrong gradients
// of 1 x 1 weights in channels-last memory (1.13), which nobody notices, since the processor's own convolutions are
// others.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef, const Maybe<at::Tensor>& bias,
                    at::IntArrayRef stride, at::IntArrayRef padding) {
    const at::AutoDispatchBelowADInplaceOrView below;
    const at::Tensor offset = bias ? readable(*bias) : at::Tensor();
    return fakeOf(at::conv2d(readable(x), readable(weight), offset, stride, padding));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolveBackward(const at::Tensor& gradient, const at::Tensor& x,
                                                                const at::Tensor& weight, at::IntArrayRef,
                                                                at::IntArrayRef stride, at::IntArrayRef padding,
                                                                std::array<bool, 3> wanted) {
    const at::AutoDispatchBelowADInplaceOrView below;
    const std::vector<int64_t> biases{weight.size(0)};
    const auto [dx, dw, db] =
        at::convolution_backward(readable(gradient), readable(x), readable(weight), at::IntArrayRef(biases), stride,
                                 padding, {1, 1}, false, {0, 0}, 1, wanted);
    return {fakeOf(dx), fakeOf(dw), fakeOf(db)};
}

bool isWritten(const c10::Argument& argument) {
    return argument.alias_info() && argument.alias_info()->isWrite();
}

// Tensors of several devices meet in copies alone; single numbers of the processor may join everywhere.
void requireOneDevice(const c10::OperatorHandle& op, const at::Tensor& tensor) {
    const bool joins = !tensor.defined() || isFake(tensor) || (tensor.dim() == 0 && tensor.device().is_cpu());
    TORCH_CHECK(joins, op.schema().name(), ": expected all tensors on one device, found cuda:0 and ", tensor.device());
}

c10::IValue readableValue(const c10::OperatorHandle& op, const c10::IValue& value) {
    const auto taken = [&](const at::Tensor& tensor) {
        requireOneDevice(op, tensor);
        return readable(tensor);
    };
    if (value.isTensor()) return taken(value.toTensor());
    if (value.isDevice()) return c10::Device(c10::DeviceType::CPU);
    if (value.isTensorList()) {
        c10::List<at::Tensor> list;
        for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(taken(tensor));
        return list;
    }
    if (!value.isList() || value.toListRef().empty()) return value;
    if (!value.isOptionalTensorList()) return value;
    c10::List<Maybe<at::Tensor>> list;
    for (const auto& tensor : value.toOptionalTensorVector())
        list.push_back(tensor ? Maybe<at::Tensor>(taken(*tensor)) : Maybe<at::Tensor>());
    return list;
}

c10::IValue fakeValue(const c10::IValue& value) {
    if (value.isTensor()) return fakeOf(value.toTensor());
    if (!value.isTensorList()) return value;
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(fakeOf(tensor));
    return list;
}

// Every operator that has no kernel above: the processor's own, over the same memory.
void computeOnProcessor(const c10::OperatorHandle& op, Stack* stack) {
    const at::AutoDispatchBelowADInplaceOrView below;
    const auto& arguments = op.schema().arguments();
    const auto& returns = op.schema().returns();
    const std::vector<c10::IValue> given(stack->end() - static_cast<std::ptrdiff_t>(arguments.size()), stack->end());
    Stack inner;
    for (const c10::IValue& value : given) inner.push_back(readableValue(op, value));
    const Stack passed = inner;
    op.callBoxed(&inner);
    std::vector<at::Tensor> written;  // those of the caller, in order
    for (size_t i = 0; i < arguments.size(); ++i) {
        if (!isWritten(arguments[i]) || !given[i].isTensor()) continue;
        written.push_back(given[i].toTensor());
        const at::Tensor& memory = passed[i].toTensor();
        if (isFake(written.back()) && memory.sizes() != written.back().sizes()) takeMemory(written.back(), memory);
    }
    stack->erase(stack->end() - static_cast<std::ptrdiff_t>(arguments.size()), stack->end());
    size_t nextWritten = 0;
    for (size_t i = 0; i < returns.size(); ++i) {
        TORCH_CHECK(!returns[i].alias_info() || isWritten(returns[i]), op.schema().name(), " makes a view");
        stack->push_back(isWritten(returns[i]) ? c10::IValue(written.at(nextWritten++)) : fakeValue(inner[i]));
    }
}

}  // namespace
}  // namespace qat::test

namespace at {  // where libtorch looks for its registry
using CUDAHooks = qat::test::FakeHooks;
C10_REGISTER_CLASS(CUDAHooksRegistry, CUDAHooks, CUDAHooks)
}  // namespace at

TORCH_LIBRARY_IMPL(_, CUDA, m) {
    m.fallback(torch::CppFunction::makeFromBoxedFunction<&qat::test::computeOnProcessor>());
}

TORCH_LIBRARY_IMPL(aten, CUDA, m) {
    m.impl("empty.memory_format", qat::test::emptyTensor);
    m.impl("empty_strided", qat::test::emptyStrided);
    m.impl("as_strided", at::native::as_strided_tensorimpl);
    m.impl("view", at::native::view);
    m.impl("_reshape_alias", qat::test::reshapeAlias);
    m.impl("copy_", qat::test::copyInto);
    m.impl("_slow_conv2d_forward", qat::test::convolve);
    m.impl("_slow_conv2d_backward.output_mask", qat::test::convolveBackward);
}
