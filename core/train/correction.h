// Quantization correction (Gupta & Asthana 2024, "QC"): after a quantized convolution, y = gamma h + beta for each
// output channel, trained with the task loss on a calibration subset while everything else stands still.
#pragma once

#include <filesystem>
#include <memory>

#include "base/cancel.h"
#include "base/events.h"
#include "config/config.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "loss/loss.h"
#include "quant/quantizer_set.h"
#include "train/correction_outcome.h"

namespace qat {

struct CorrectionJob {
    Graph& graph;      // quantized, with ranges; corrected in place
    const Loss& loss;  // of the graph's outputs
    const QuantizerSet& quantizers;
    const Config& config;
    std::shared_ptr<const Dataset> data;  // the calibration subset
    std::filesystem::path checkpointFolder;
    bool resume = false;  // go on from correction_state.safetensors there, if it exists
};

// Factors start at 1 and offsets at 0. Adam (0.9, 0.999, no decay) steps once a batch at qc.lr (1 + cos(pi step /
// steps)) / 2; quantizer scales, weights and the statistics of batch norms stay as they are, images are augmented as in
// training but not joined to mosaics. At the end each correction is folded as qc.fold says. Throws Error{BadInput} when
// qc.layers matches no quantized convolution, or when the checkpoint belongs to another job.
CorrectionOutcome correctQuantization(const CorrectionJob& job, EventSink& sink, const CancelToken& cancel);

}  // namespace qat
