// What quantizers go through in a training: epochs in float without them, grids that get narrower, and fine-tuning with
// all of them frozen.
#pragma once

#include <optional>

#include "base/cancel.h"
#include "base/events.h"
#include "quant/gradual_width.h"
#include "train/ema.h"
#include "train/position.h"
#include "train/stabilizer.h"
#include "train/trainer.h"

namespace qat {

class QuantizerPhases {
public:
    // average and stabilizer may be null; what is given must outlive this.
    QuantizerPhases(const TrainJob& job, Ema* average, Stabilizer* stabilizer, EventSink& sink,
                    const CancelToken& cancel);

    // The graph without quantizers, for epochs in float; null if there are none.
    const Graph* plain() const { return m_plain ? &*m_plain : nullptr; }

    // The widths of the epoch that a loaded checkpoint stands in, or of the one that it has ended: scales belong to
    // that.
    void adopt(const TrainPosition& at);
    // What changes when an epoch begins: widths, and from float to quantized. Throws Error{Cancelled} on request.
    void enterEpoch(const TrainPosition& at);
    // However few epochs there were, the final model is quantized and on its own grids.
    void settle(const TrainPosition& at);
    // For fine-tuning, what is no weight stays as it is: scales lose their gradient, and the average copies all of it.
    void freeze();

private:
    Graph* average() { return m_average ? &m_average->graph() : nullptr; }
    void moveTo(const TrainPosition& at, int64_t epoch, bool quantizes);

    const TrainJob& m_job;
    Ema* m_average;
    Stabilizer* m_stabilizer;
    EventSink& m_sink;
    const CancelToken& m_cancel;
    std::optional<GradualWidths> m_widths;
    std::optional<Graph> m_plain;
};

}  // namespace qat
