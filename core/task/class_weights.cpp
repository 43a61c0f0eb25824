// Weights from the configuration, or from the labels.
#include "task/class_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace qat {
namespace {

// Zeros among the values stand for classes without a weight of their own.
std::vector<float> relativeToMean(const std::vector<double>& values, double mean, float forZero) {
    if (std::ranges::adjacent_find(values, std::not_equal_to<>()) == values.end()) return {};
    std::vector<float> weights;
    for (const double value : values) weights.push_back(value == 0 ? forZero : static_cast<float>(value / mean));
    return weights;
}

std::vector<float> givenWeights(const std::vector<double>& given, int64_t numClasses) {
    require(static_cast<int64_t>(given.size()) == numClasses, ErrorKind::BadInput, "train_params.class_weights has ",
            given.size(), given.size() == 1 ? " weight" : " weights", " but the model has ", numClasses, " classes");
    return relativeToMean(given, std::accumulate(given.begin(), given.end(), 0.0) / static_cast<double>(numClasses), 0);
}

std::vector<float> balancedWeights(double power, const std::vector<int64_t>& labels) {
    std::vector<double> values;
    double sum = 0, occurring = 0;
    for (const int64_t count : labels) {
        values.push_back(count > 0 ? std::pow(static_cast<double>(count), -power) : 0);
        sum += values.back(), occurring += count > 0;
    }
    return relativeToMean(values, sum / std::max(occurring, 1.0), 1);
}

}  // namespace

std::vector<int64_t> labelsByClass(const Dataset& data, int64_t numClasses) {
    std::vector<int64_t> counts(static_cast<size_t>(numClasses));
    const auto count = [&](int64_t picture, int32_t label) {
        require(label >= 0 && label < numClasses, ErrorKind::BadInput, data.path(picture), " has a label of class ",
                label, " but the model has ", numClasses, " classes");
        ++counts[static_cast<size_t>(label)];
    };
    const bool whole = data.labelKind() == LabelKind::Class;
    for (int64_t i = 0; i < data.size(); ++i) {
        if (whole) count(i, data.pictureClass(i));
        if (whole) continue;
        for (const ObjectLabel& label : data.labels(i)) count(i, label.classIndex);
    }
    return counts;
}

std::vector<float> classWeights(const TrainConfig& config, int64_t numClasses, const Dataset& data) {
    if (!config.classWeights.empty()) return givenWeights(config.classWeights, numClasses);
    if (config.classBalance > 0) return balancedWeights(config.classBalance, labelsByClass(data, numClasses));
    return {};
}

}  // namespace qat
