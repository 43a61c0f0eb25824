// Milliseconds from a model's name to a graph with its weights: reading the file, building, loading, hashing. With
// random weights there is no file, only the draw. Prepared, it is what a run begins to calibrate: parallel convolutions
// merged, batch norms folded, planned, quantizers in place.
#include "benches.h"
#include "passes/pipeline.h"
#include "quant/plan.h"
#include "quant/quantizer_set.h"
#include "session/model_source.h"
#include "subject.h"

namespace qat::bench {
namespace {

Contender opening(const std::string& name, const std::string& model) {
    return {name, "", {}, [=] { return [=] { openModel(std::filesystem::path(model)); }; }};
}

Contender preparing(const std::string& name, const std::string& model) {
    return {name, "", {}, [=] {
                return [=] {
                    Graph graph = openModel(std::filesystem::path(model)).graph;
                    runPasses(graph, PassId::MergeParallelConvs | PassId::FoldBatchNorms);
                    const QuantPlan plan = resolvePlan(graph, w8a8(false));
                    QuantizerSet(graph, plan);
                };
            }};
}

}  // namespace

void benchOpen(const Settings& settings, Table& table) {
    const std::string file = settings.model.empty() ? kBundledModel : settings.model;
    compare(settings, {2, 15},
            {opening("open.file", file), preparing("open.prepared", file), opening("open.random", "yolov8n")}, table);
}

}  // namespace qat::bench
