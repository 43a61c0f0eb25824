// Which device a name stands for, what is said of one that is not there, and graphs that move.
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "base/error.h"
#include "graph/constant_numbers.h"
#include "graph/device.h"
#include "run/sample_graphs.h"

namespace qat {
namespace {

std::string refusal(const std::string& name) {
    try {
        findDevice(name);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "";
}

TEST(FindDevice, KnowsFourSpellings) {
    EXPECT_EQ(nameOf(findDevice("cpu")), "cpu");
    EXPECT_EQ(nameOf(findDevice("cuda")), "cuda:0");
    EXPECT_EQ(nameOf(findDevice("cuda:0")), "cuda:0");
    EXPECT_EQ(nameOf(findDevice("auto")), "cuda:0");
}

TEST(FindDevice, RefusesOthersInASentence) {
    for (const std::string name : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", ""})
        EXPECT_EQ(refusal(name), "run.device: " + name + " is not a device; use cpu, cuda, cuda:N or auto");
    EXPECT_EQ(refusal("cuda:99").find("run.device: cuda:99 is not there: libtorch sees "), 0u);
#ifdef QAT_FAKE_CUDA
    EXPECT_EQ(refusal("cuda:1"), "run.device: cuda:1 is not there: libtorch sees 1 CUDA device, cuda:0");
#endif
}

#ifdef QAT_FAKE_CUDA
TEST(FakeDevice, CannotBeReadByLoops) {
    const at::Tensor there = at::ones({4}).to(findDevice("cuda"));
    const volatile float* const pointer = there.data_ptr<float>();
    EXPECT_DEATH(static_cast<void>(pointer[0] + 1), "");
    EXPECT_EQ(there.cpu().sum().item<float>(), 4);
}

TEST(FakeDevice, RefusesTensorsOfTwoDevices) {
    const at::Tensor there = at::ones({4}).to(findDevice("cuda"));
    EXPECT_THROW(there + at::ones({4}), c10::Error);
    EXPECT_EQ((there + at::scalar_tensor(2.0)).sum().item<float>(), 12);
}
#endif

TEST(MoveTo, TakesAllStoredValuesThereAndBack) {
    Graph graph = test::branchedGraph(FakeQuantMode::Lsq);
    const Graph before = graph.clone(true);
    const ValueId trained = graph.storedValues().front();
    graph.value(trained).data->requires_grad_(true);
    EXPECT_TRUE(deviceOf(graph).is_cpu());
    moveTo(graph, findDevice("cuda"));
    EXPECT_EQ(nameOf(deviceOf(graph)), "cuda:0");
    for (const ValueId id : graph.storedValues()) {
        EXPECT_EQ(nameOf(graph.value(id).data->device()), "cuda:0") << graph.value(id).name;
        EXPECT_EQ(graph.value(id).data->strides(), before.value(id).data->strides()) << graph.value(id).name;
    }
    EXPECT_TRUE(graph.value(trained).data->requires_grad() && graph.value(trained).data->is_leaf());
    bool inside = false;
    inProcessorMemory({&graph}, [&] { inside = deviceOf(graph).is_cpu(); });
    EXPECT_TRUE(inside);
    EXPECT_EQ(nameOf(deviceOf(graph)), "cuda:0");
    EXPECT_EQ(numbersOf(*graph.value(trained).data), numbersOf(*before.value(trained).data));
}

}  // namespace
}  // namespace qat
