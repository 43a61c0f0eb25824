// The detection loss that a configuration asks for.
#pragma once

#include "config/config.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "train/detection_loss.h"

namespace qat {

// Classes, bins and strides of the graph's head, gains of train_params.loss_weights, classWeights() for the labels of the data.
DetectionLossOptions lossOptions(const Graph& graph, const TrainConfig& config, const Dataset& data);

}  // namespace qat
