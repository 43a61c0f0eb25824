// Accuracy, errors of layers, and pictures to compare: what several stages measure of a model.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "session/stages/job_state.h"

namespace qat {

// On the validation images. progress: the stage that it is told of; "" tells none. keep: the detections too.
Measurement validate(const JobState& job, const Graph& graph, std::string_view progress, bool keep);

// The headline metrics and the recommended confidence as `series`, in the events.
void tellAccuracy(JobState& job, std::string_view series, const Metrics& metrics);

// The same, in `slot` and as a sentence too.
void report(JobState& job, const std::string& series, const Measurement& measured, std::optional<Metrics>& slot);

// Of the model as training left it: the last validation of training, if that saw this very model.
Metrics trainedMetrics(const JobState& job);

// Previews of both networks' detections, where the float network's are known. made: ptq, qat, qc.
void showImages(JobState& job, const std::vector<ImageDetections>& quantized, const std::string& made);

// Rows of table "error" for the model as it is.
void measureLayerErrors(JobState& job, const std::string& made);

}  // namespace qat
