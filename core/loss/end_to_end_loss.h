// What a detector without non-maximum suppression is trained for: a head that says every object once, and beside it one
// that says it several times, from which the network in front of both learns.
#pragma once

#include "loss/detection_loss.h"
#include "loss/loss.h"

namespace qat {

// A head with one box an object claims few anchors a label and keeps one; the other one claims ten.
enum class HeadBalance {
    Equal,    // YOLOv10: both heads count fully; the best aligned anchor of a label is its only candidate
    Decaying  // YOLO26: the head with several boxes fades from 0.8 to 0.1, the other one has the rest; the best of the
              // seven candidates that are a label's own; small labels are enlarged
};

// The assignments of the heads, other options as in `head`.
DetectionLossOptions oneToOneOptions(DetectionLossOptions head, HeadBalance balance);
DetectionLossOptions oneToManyOptions(DetectionLossOptions head, HeadBalance balance);

// The share of the head with several boxes in epoch `epoch` (from 0) of `epochs`: 0.1 + 0.7 max(0, 1 - epoch / (epochs
// - 1)); 0.8 in the only one.
double decayingShare(int64_t epoch, int64_t epochs);

// detectionLoss() of both heads. Equal: the sum. Decaying: share x one2many + (1 - share) x one2one, share as at the
// end of a training until it is told of an epoch. The terms are those of the head with one box an object, which is what
// is deployed, without its share.
class EndToEndLoss final : public Loss {
public:
    struct Maps {
        std::vector<std::string> one, many;  // the outputs with the raw maps of the heads, one a stride each
    };
    // head: what both have in common.
    EndToEndLoss(Maps maps, const DetectionLossOptions& head, HeadBalance balance);

    std::vector<std::string> outputs() const override;  // of the head with one box an object, then of the other one
    void beginEpoch(int64_t epoch, int64_t epochs) override;
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override;
    std::vector<std::string> settings() const override;

private:
    Maps m_maps;
    HeadBalance m_balance;
    DetectionLossOptions m_one, m_many;
    double m_oneWeight = 1, m_manyWeight = 1;
};

}  // namespace qat
