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
#include "loss/distill_logits.h"
#include "run/executor.h"

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

// A head that student and teacher both have: its raw maps as the student's loss reads them, and those of the teacher.
struct HeadPair {
    size_t first = 0;  // of the outputs of all heads of the student (task/trained_heads.h)
    std::vector<std::string> teacher;
};

// Of the heads with one box an object, and of those with several, which a single head is; what only one of the networks
// has is left out.
std::vector<HeadPair> matchHeads(const Graph& student, const Graph& teacher);

// Whether the teacher fits: heads, classes, which may be in another order, strides and bins of box sides, and the
// features. Throws Error{BadInput} naming the key, Error{Unsupported} for heads with anchors.
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
    // The maps of all heads and the features of the student on these images, against the teacher's. Divergences are
    // averaged over the heads that both have, feature distances over the layers.
    Loss against(const at::Tensor& images, const std::vector<at::Tensor>& maps,
                 const std::vector<at::Tensor>& features);

    // alpha total(distillation) + (1 - alpha) task.
    at::Tensor mixed(const at::Tensor& task, const Loss& distillation) const;

    const std::vector<std::pair<std::string, TensorPtr>>& adapters() const { return m_adapters; }

private:
    // next: the teacher's maps, which it goes past.
    using Maps = std::vector<at::Tensor>::const_iterator;
    Loss ofHeads(const std::vector<at::Tensor>& maps, Maps& next) const;
    at::Tensor adapted(size_t pair, const at::Tensor& feature) const;

    double m_alpha;
    LogitDistillationOptions m_options;
    std::vector<HeadPair> m_heads;
    std::vector<FeaturePair> m_pairs;
    std::vector<std::pair<std::string, TensorPtr>> m_adapters;
    std::vector<TensorPtr> m_adapterOf;  // of each pair, null where the widths agree
    std::optional<Executor> m_teacher;
    at::Tensor m_teacherChannels;  // of its head's maps, in the student's order; undefined where both have the same
};

}  // namespace qat
