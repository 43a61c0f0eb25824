// The list of a detector.
#include "task/detect_metrics.h"

namespace qat {

Metrics detectMetrics(double precision, double recall, double map50, double map) {
    return {
        .primary = "mAP50-95(B)",
        .fitness = 0.1 * map50 + 0.9 * map,
        .values = {
            {"precision(B)", "precision", precision},
            {"recall(B)", "recall", recall},
            {.key = "mAP50(B)", .label = "mAP50", .value = map50, .headline = true},
            {.key = "mAP50-95(B)", .label = "mAP50-95", .value = map, .headline = true, .detail = "IoU 0.50 to 0.95"}}};
}

Metrics detectMetrics(const DetectionMetrics& measured) {
    Metrics metrics = detectMetrics(measured.precision, measured.recall, measured.map50, measured.map);
    metrics.confidence = measured.confidence;
    return metrics;
}

}  // namespace qat
