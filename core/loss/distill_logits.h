// What a detector's raw outputs differ from a teacher's, softened by a temperature, with its gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace qat {

struct LogitDistillationOptions {
    int64_t numClasses = 80;
    int64_t regMax = 16;       // bins of each box side's distribution, up to 64; 1: the map holds the side itself
    double temperature = 4.0;  // T
    double clsGain = 0.5;
    double dflGain = 1.5;
};

struct LogitDistillation {
    at::Tensor total;  // float scalar, (cls + box) x batch like a detection loss; differentiable once in the student
    double cls = 0;    // the two terms after their gains, not x batch
    double box = 0;
};

// With p = sigmoid(z / T), q = softmax(z / T) over the bins of a side, w the teacher's largest class score at an anchor
// and W = max(sum of w over the batch, 1):
//   cls  clsGain T^2 / W  sum of w KL(p_teacher || p_student), binary, summed over the classes
//   box  dflGain T^2 / W  sum of w KL(q_teacher || q_student), mean of the four sides; of plain sides
//        dflGain / W  sum of w |d_teacher - d_student| as a share of the input, the measure of the task's own loss
// The weights keep background anchors, the great majority, from deciding alone (Hinton et al. 2015 for T^2; Zheng et
// al., "Localization Distillation", CVPR 2022 for the distributions).
// Both: raw head outputs as in detection_loss.h, of equal shapes. The result does not depend on the number of threads.
// Throws Internal for maps that do not fit the options.
LogitDistillation distillLogits(const std::vector<at::Tensor>& student, const std::vector<at::Tensor>& teacher,
                                const LogitDistillationOptions& options);

}  // namespace qat
