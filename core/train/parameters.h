// What an optimizer moves: tensors with the group, decay and floor of each.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "graph/graph.h"

namespace qat {

enum class ParameterGroup { Bias, Weight, Norm, Quantizer };  // lr/pg0..pg2 are the first three

struct TrainedParameter {
    std::string name;  // its moments have it in checkpoints
    TensorPtr tensor;  // float; the same one during the whole training, whose numbers change
    ParameterGroup group = ParameterGroup::Weight;
    double decay = 0;                                       // of a step of the nominal batch
    float floor = -std::numeric_limits<float>::infinity();  // of every element after a step
    // Gradient of a penalty on the tensor, weighed by `decay`, as strong however much other gradients are clipped;
    // empty: `decay` draws the elements themselves to zero.
    std::function<at::Tensor(const at::Tensor&)> penalty{};
};

using ClipDecays = std::map<ValueId, double>;  // by the scale of a range's learned end, see train/clip_decay.h

// Every parameter of the graph that a node reads, in the order of its stored values, in groups by the op that reads it.
// Weights decay by train_params.weight_decay, ends of ranges by clipDecays, and learned scales stop at the floor of
// their op.
std::vector<TrainedParameter> trainedParameters(const Graph& graph, const TrainConfig& config,
                                                const ClipDecays& clipDecays = {});

// Gives the graph stored tensors of its own, in the memory order that convolutions like: they would reorder weight and
// gradient otherwise.
enum class Gradients { OfParameters, None };
void prepareTensors(Graph& graph, Gradients gradients);

}  // namespace qat
