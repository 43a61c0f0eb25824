// Reading what an exported file gives: whatever form it has, it is turned into the decoded output that the simulation
// makes, so that both are compared alike.
#pragma once

#include "config/job_config.h"
#include "graph/graph.h"
#include "task/parity_measure.h"

namespace qat {

class FileReading {
public:
    // image: [1, 3, H, W], what the file is given.
    FileReading(ModelInfo model, ExportOutput output, const Shape& image);

    // What the file gives, without the batch, as [4 + classes, places]. Of end2end a place for each row, with the score
    // of its class and no other.
    at::Tensor decoded(const at::Tensor& file) const;

    // Of such an output the numbers that are set against each other: of end2end the best scores by rank, since places
    // say nothing; else those that the measure names.
    at::Tensor scores(const ParityMeasure& measure, const at::Tensor& decoded) const;

private:
    at::Tensor decodedMaps(const at::Tensor& maps) const;
    at::Tensor decodedRows(const at::Tensor& rows) const;

    ModelInfo m_model;
    ExportOutput m_output;
    int64_t m_height, m_width;
};

}  // namespace qat
