// What a detector is judged by.
#pragma once

#include "eval/metrics.h"
#include "task/metrics.h"

namespace qat {

// Precision, recall, mAP50 and mAP50-95, all 0..1, under Ultralytics' names; mAP50-95 is the primary one, the best
// epoch is that of 0.1 mAP50 + 0.9 mAP50-95.
Metrics detectMetrics(double precision, double recall, double map50, double map);
// With the confidence of the best F1.
Metrics detectMetrics(const DetectionMetrics& measured);

}  // namespace qat
