// Knowledge distillation: a frozen teacher beside the network in training.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "graph/graph.h"
#include "run/executor.h"
#include "train/distill_logits.h"

namespace qat {

// A layer whose output is compared: the value made last under its name, in both networks.
struct FeaturePair {
    std::string layer;
    ValueId student, teacher;
    int64_t studentChannels = 0, teacherChannels = 0;
};

// The pairs that distillation.feature_layers names, in the order of the student; none without feature_distillation. An
// entry is a regular expression that matches the whole name, or an alias, of a layer or of the module it is part of
// (model.9). Throws Error{BadInput} naming the key for an entry that matches nothing, a layer the teacher does not
// have, and maps of different sizes.
std::vector<FeaturePair> matchFeatures(const Graph& student, const Graph& teacher, const Config& config);

// Whether the teacher fits: classes, which may be in another order, strides and bins of the head, and the features.
// Throws Error{BadInput} naming the key.
void checkTeacher(const Graph& student, const Graph& teacher, const Config& config);

// Where the widths of a pair differ, a 1x1 convolution takes the student's map to the teacher's width. It is trained
// with the student, by the optimizer and checkpoint that adapters() is given to, and is no part of its graph.
class Distiller {
public:
    // Classes and boxes weigh as in the task loss. The teacher must outlive the distiller and not change.
    Distiller(const Graph& student, const Graph& teacher, const Config& config);

    // The student's values to be kept for against().
    std::vector<ValueId> studentFeatures() const;

    struct Loss {
        at::Tensor total;  // x batch, differentiable in maps, features and adapters
        double value = 0;  // of head and features, not x batch
    };
    // The head's maps and the features of the student on these images, against the teacher's. Feature distances are
    // averaged over the layers.
    Loss against(const at::Tensor& images, const std::vector<at::Tensor>& maps,
                 const std::vector<at::Tensor>& features);

    // alpha total(distillation) + (1 - alpha) task.
    at::Tensor mixed(const at::Tensor& task, const Loss& distillation) const;

    const std::vector<std::pair<std::string, TensorPtr>>& adapters() const { return m_adapters; }

private:
    at::Tensor adapted(size_t pair, const at::Tensor& feature) const;

    double m_alpha;
    LogitDistillationOptions m_options;
    std::vector<FeaturePair> m_pairs;
    std::vector<std::pair<std::string, TensorPtr>> m_adapters;
    std::vector<TensorPtr> m_adapterOf;  // of each pair, null where the widths agree
    std::optional<Executor> m_teacher;
    at::Tensor m_teacherChannels;  // of its head's maps, in the student's order; undefined where both have the same
};

}  // namespace qat
