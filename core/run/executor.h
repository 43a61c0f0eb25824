// Runs a graph on libtorch: eval or train mode, with or without gradient, only what the wanted outputs need.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat {

struct ExecutorOptions {
    std::vector<std::string> outputs;  // names of graph outputs, in the order they are returned
    std::vector<ValueId> values{};     // inner values returned after them
    bool train = false;                // batch norm uses batch statistics and moves the running ones
    bool grad = false;                 // records the autograd graph
    bool channelsLast = true;
    bool inPlace = true;    // activations may overwrite their input where nobody else reads it
    bool frozen = false;    // stored values do not change while the executor lives: convolutions keep packed
                            // weights, and what depends on stored values only is computed once; eval only
    bool portable = false;  // every node by itself, as libtorch's own operations: what devices without kernels of ours
                            // do unasked, and what ours are compared with
    bool shapesOnly = false;  // weights stay as they are stored, not rounded: only shapes are asked
    bool precise = false;     // convolutions and linear layers add in double precision, some 20 times slower; eval only
};

class Executor {
public:
    // Called with a value right after its node made it (or with the input), before anyone reads it.
    using Hook = std::function<void(ValueId, const at::Tensor&)>;

    // Plans once; the graph must outlive the executor and keep its structure and its device, which is where it runs.
    Executor(const Graph& graph, ExecutorOptions options);
    ~Executor();
    Executor(Executor&&) noexcept;
    Executor& operator=(Executor&&) noexcept;

    // Told the extremes of every value before an activation quantizer that `wants` accepts, as a by-product of the
    // fused pass; NaN if there was one.
    using RangeSink = std::function<void(ValueId, float low, float high)>;
    void setRangeSink(std::function<bool(ValueId)> wants, RangeSink sink);

    // Shows the hook each value that `wants` accepts, all without one. Values it does not want may stay inside fused
    // steps or be overwritten, as without a hook, which an empty one removes.
    void setHook(Hook hook, std::function<bool(ValueId)> wants = {});

    // input: float [N,3,H,W], which goes to the graph's device. Returns one tensor per wanted output and value, on that
    // device. Errors name the node.
    std::vector<at::Tensor> run(const at::Tensor& input);

private:
    struct Plan;
    std::unique_ptr<Plan> m_plan;
};

// Runs once on zeros of the input's shape and records the shape of every value in the graph.
void probeShapes(Graph& graph, const Shape& inputShape);

}  // namespace qat
