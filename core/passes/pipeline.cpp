// The table of passes, and the loop over it.
#include "passes/pipeline.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/error.h"
#include "graph/device.h"
#include "passes/canonicalize_quantizers.h"
#include "passes/channel_affine.h"
#include "passes/fold_batch_norm.h"
#include "passes/merge_parallel_convs.h"

namespace qat {
namespace {

constexpr std::array kPasses{
    Pass{PassId::DropOtherHead, "drop_other_head", "first: what is not deployed needs nothing of what follows",
         [](Graph& graph, PassResults&) { return dropOtherHead(graph); }},
    Pass{PassId::MergeCorrections, "merge_corrections",
         "before the fold: a correction stands between a convolution and its batch norm, and hides one from the other",
         [](Graph& graph, PassResults&) { return int64_t{foldKeptAffines(graph)}; }},
    Pass{PassId::CanonicalizeQuantizers, "canonicalize_quantizers",
         "before all that reads scales and zero points as numbers: the fold scales them, lowering and files copy "
         "them",
         [](Graph& graph, PassResults&) { return int64_t{canonicalizeQuantizers(graph)}; }},
    Pass{PassId::FoldBatchNorms, "fold_batch_norms",
         "before equalization and lowering, which look for convolutions next to each other or to a quantizer",
         [](Graph& graph, PassResults&) { return int64_t{foldBatchNorm(graph)}; }},
    Pass{PassId::MergeParallelConvs, "merge_parallel_convs",
         "after the fold, which leaves of most branches a convolution and nothing else; before equalization and "
         "lowering, which look for one convolution where there is one at deployment",
         [](Graph& graph, PassResults&) { return int64_t{mergeParallelConvs(graph)}; }},
    Pass{PassId::EqualizeLayers, "equalize_layers",
         "after the fold, which changes the ranges that are made alike; weights are in float then",
         [](Graph& graph, PassResults& results) {
             results.equalization = equalizeLayers(graph);
             return results.equalization.pairs;
         }},
    Pass{PassId::LowerToIntegers, "lower_to_integers", "last: no other pass knows operators on codes",
         [](Graph& graph, PassResults& results) {
             graph = lowerToIntegers(graph, &results.codes);
             return static_cast<int64_t>(results.codes.size());
         }},
};

void verifyAfter(const Pass& pass, const Graph& graph) {
    try {
        verify(graph);
    } catch (const Error& error) {
        fail(ErrorKind::Internal, "after the pass ", pass.name, ": ", error.what());
    }
}

}  // namespace

std::span<const Pass> passes() {
    return kPasses;
}

int64_t PassResults::changesOf(PassId pass) const {
    const auto row = std::ranges::find(kPasses, pass, &Pass::id);
    const auto ran = std::ranges::find(runs, row->name, &PassRun::pass);
    return ran == runs.end() ? 0 : ran->changes;
}

PassResults runPasses(Graph& graph, PassSet wanted) {
    using Clock = std::chrono::steady_clock;
    PassResults results;
    for (const Pass& pass : kPasses) {
        if (!wanted.contains(pass.id)) continue;
        const auto start = Clock::now();
        int64_t changes = 0;
        inProcessorMemory({&graph}, [&] { changes = pass.run(graph, results); });
        verifyAfter(pass, graph);
        results.runs.push_back({pass.name, changes, std::chrono::duration<double>(Clock::now() - start).count()});
    }
    return results;
}

Graph integerForm(const Graph& graph, CodeValues* codes) {
    Graph form = graph.clone(true);
    PassResults results = runPasses(form, PassId::CanonicalizeQuantizers | PassId::LowerToIntegers);
    if (codes) *codes = std::move(results.codes);
    return form;
}

Graph inferenceForm(const Graph& graph) {
    Graph form = graph.clone(true);
    try {
        runPasses(form, kInferencePasses);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unsupported) throw;
        return graph.clone(true);
    }
    return form;
}

}  // namespace qat
