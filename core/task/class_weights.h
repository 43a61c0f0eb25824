// What a class counts in the class loss.
#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"

namespace qat {

// Labels of each class in the data, one a class. Throws Error{BadInput} naming the picture with a class beyond
// numClasses.
std::vector<int64_t> labelsByClass(const Dataset& data, int64_t numClasses);

// One weight a class, of mean 1; empty where all are the same, which then changes no bit.
//   train_params.class_weights v:  w_c = v_c / mean(v)
//   train_params.class_balance p:  w_c = n_c^-p / mean(n^-p), n_c labels of the data; the mean is over classes that
//   occur,
//                                  and a class that does not has weight 1
// Throws Error{BadInput} if there are not as many weights as classes.
std::vector<float> classWeights(const TrainConfig& config, int64_t numClasses, const Dataset& data);

}  // namespace qat
