// The loss that a model is trained with.
#pragma once

#include <memory>

#include "config/config.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "train/loss.h"

namespace qat {

// That of the graph's head: anchor-free detection heads (strides and bins of box sides) have YOLOv8's, with the gains
// of train_params.loss_weights and classWeights() for the labels of the data. Throws Error{Unsupported} naming the
// architecture for heads that have none.
std::unique_ptr<Loss> makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data);

}  // namespace qat
