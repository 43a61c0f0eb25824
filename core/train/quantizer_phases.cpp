// From one phase to the next.
#include "train/quantizer_phases.h"

#include <ATen/ATen.h>

#include <limits>

#include "base/error.h"
#include "quant/unquantized.h"
#include "train/begin_quantizing.h"

namespace qat {

QuantizerPhases::QuantizerPhases(const TrainJob& job, Ema* average, Stabilizer* stabilizer, EventSink& sink,
                                 const CancelToken& cancel)
    : m_job(job), m_average(average), m_stabilizer(stabilizer), m_sink(sink), m_cancel(cancel) {
    if (!job.quantizers) return;
    m_widths.emplace(*job.quantizers, job.config.qat.gradualBits);
    if (job.config.qat.floatEpochs > 0) m_plain.emplace(withoutQuantizers(job.graph));
}

void QuantizerPhases::adopt(const TrainPosition& at) {
    for (Graph* const graph : {&m_job.graph, average()})
        if (m_widths && graph) m_widths->adopt(*graph, at.batch > 0 ? at.epoch : at.epoch - 1);
}

void QuantizerPhases::enterEpoch(const TrainPosition& at) {
    if (at.tuning || at.batch > 0) return;
    moveTo(at, at.epoch, m_plain && at.epoch == m_job.config.qat.floatEpochs);
}

void QuantizerPhases::settle(const TrainPosition& at) {
    moveTo(at, std::numeric_limits<int64_t>::max(), m_plain && at.epoch <= m_job.config.qat.floatEpochs);
}

void QuantizerPhases::moveTo(const TrainPosition& at, int64_t epoch, bool quantizes) {
    const bool narrowed = m_widths && m_widths->advance(m_job.graph, average(), epoch);
    if (quantizes) {
        m_sink.log(LogLevel::Info, "trainer",
                   str("quantizers join after ", at.epoch, " epochs in float; their ranges are calibrated anew"));
        beginQuantizing(m_job, *m_plain, average(), m_cancel);
    }
    if (m_stabilizer && (narrowed || quantizes)) m_stabilizer->restart();
}

void QuantizerPhases::freeze() {
    std::vector<ValueId> frozen;
    for (const ValueId id : m_job.graph.storedValues())
        if (m_job.graph.value(id).kind != ValueKind::Parameter) frozen.push_back(id);
    for (const Quantizer& q : m_job.quantizers->all()) {
        for (const ValueId value : {q.scale, q.zeroPoint}) {
            if (value != q.scale && m_job.graph.value(value).kind == ValueKind::Buffer) continue;
            m_job.graph.value(value).data->requires_grad_(false);
            frozen.push_back(value);
        }
    }
    if (m_average) m_average->freeze(frozen);
}

}  // namespace qat
