// One walk; what several quantizers read is rewritten once.
#include "passes/canonicalize_quantizers.h"

#include <ATen/ATen.h>

#include <set>

#include "ops/fake_quantize.h"

namespace qat {

bool isCanonical(const FakeQuantize& op) {
    return op.scaleForm == ScaleForm::Plain && op.floor == 0 && !op.learnOffset;
}

int canonicalizeQuantizers(Graph& graph) {
    int settled = 0;
    std::set<ValueId> done;
    for (const NodeId id : graph.order()) {
        auto* op = std::get_if<FakeQuantize>(&graph.node(id).op);
        if (!op || isCanonical(*op)) continue;
        const std::vector<ValueId> inputs = graph.node(id).inputs;
        const auto rewrite = [&](ValueId value, auto plain) {
            if (done.insert(value).second)
                graph.value(value).data = std::make_shared<at::Tensor>(plain(*op, *graph.value(value).data));
        };
        rewrite(inputs[1], plainScales);
        rewrite(inputs[2], plainZeroPoints);
        op->scaleForm = ScaleForm::Plain;
        op->floor = 0;
        op->learnOffset = false;
        ++settled;
    }
    return settled;
}

}  // namespace qat
