// Devices by name, and the moving of stored values.
#include "graph/device.h"

#include <ATen/ATen.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <charconv>

#include "base/error.h"

namespace qat {
namespace {

constexpr std::string_view kCuda = "cuda";

// Without CUDA in libtorch nothing answers for such devices.
int cudaDevices() {
    constexpr auto kType = c10::DeviceType::CUDA;
    return c10::impl::hasDeviceGuardImpl(kType) ? c10::impl::getDeviceGuardImpl(kType)->deviceCount() : 0;
}

std::string cudaName(int index) {
    return str(kCuda, ":", index);
}

// What there is instead of the device that was asked for.
std::string seenDevices() {
    if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) return "this libtorch has no CUDA";
    const int count = cudaDevices();
    if (count == 0) return "libtorch sees no CUDA device";
    return str("libtorch sees ", count, count == 1 ? " CUDA device, " : " CUDA devices, ", cudaName(0),
               count == 1 ? "" : " to " + cudaName(count - 1));
}

int indexIn(const std::string& name, const std::string& key) {
    if (name == kCuda) return 0;
    const bool prefixed = name.starts_with(str(kCuda, ":"));
    const char* const begin = name.data() + kCuda.size() + 1;
    const char* const end = name.data() + name.size();
    int index = -1;
    const bool read = prefixed && begin < end && std::from_chars(begin, end, index).ptr == end && index >= 0;
    require(read, ErrorKind::BadInput, key, ": ", name, " is not a device; use cpu, cuda, cuda:N or auto");
    return index;
}

// Reduced precision and algorithms chosen by a race would make results depend on more than the job.
void makeExact() {
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setBenchmarkCuDNN(false);
    at::globalContext().setDeterministicCuDNN(true);
}

}  // namespace

c10::Device findDevice(const std::string& name, const std::string& key) {
    const c10::Device processor(c10::DeviceType::CPU);
    if (name == "cpu" || (name == "auto" && cudaDevices() == 0)) return processor;
    const int index = name == "auto" ? 0 : indexIn(name, key);
    require(index < cudaDevices(), ErrorKind::BadInput, key, ": ", cudaName(index), " is not there: ", seenDevices());
    makeExact();
    return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
}

std::string nameOf(const c10::Device& device) {
    return device.is_cpu() ? "cpu" : device.str();
}

c10::Device deviceOf(const Graph& graph) {
    for (size_t i = 0; i < graph.valueCount(); ++i) {
        const Value& value = graph.value({static_cast<int32_t>(i)});
        if (value.data && value.data->defined()) return value.data->device();
    }
    return c10::Device(c10::DeviceType::CPU);
}

void moveTo(Graph& graph, const c10::Device& device) {
    for (size_t i = 0; i < graph.valueCount(); ++i) {
        Value& value = graph.value({static_cast<int32_t>(i)});
        if (!value.data || !value.data->defined() || value.data->device() == device) continue;
        at::Tensor moved = value.data->detach().to(device);
        moved.requires_grad_(value.data->requires_grad());
        value.data = std::make_shared<at::Tensor>(std::move(moved));
    }
}

void inProcessorMemory(const std::vector<Graph*>& graphs, const std::function<void()>& work) {
    std::vector<c10::Device> homes;
    for (Graph* graph : graphs) {
        homes.push_back(deviceOf(*graph));
        moveTo(*graph, c10::Device(c10::DeviceType::CPU));
    }
    work();
    for (size_t i = 0; i < graphs.size(); ++i) moveTo(*graphs[i], homes[i]);
}

}  // namespace qat
