// Where a job computes: finding the device that run.device names, and moving graphs there and back.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace c10 {
struct Device;
}

namespace qat {

// cpu, cuda (its first one), cuda:N, or auto: cuda where there is one, else cpu. A CUDA device is set to compute in
// full float32 and to choose its algorithms the same way every time. Throws Error{BadInput} naming `key`, the setting,
// for other texts and for a device that libtorch does not see.
c10::Device findDevice(const std::string& name, const std::string& key = "run.device");
// As the configuration spells it, always with the number: cuda:0.
std::string nameOf(const c10::Device& device);

// Where the stored values lie; the processor for a graph without any.
c10::Device deviceOf(const Graph& graph);

// Moves all stored values; those that are trained stay so, without their gradients. Graphs that share them keep theirs.
void moveTo(Graph& graph, const c10::Device& device);

// Calls work() while the graphs lie in the processor's memory, and moves them back: for what has loops only there.
// Where they lie there already they are left alone. If work() throws, they stay there.
void inProcessorMemory(const std::vector<Graph*>& graphs, const std::function<void()>& work);

}  // namespace qat
