// Needs from the shapes of a small image.
#include "session/memory_need.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "base/error.h"
#include "run/executor.h"
#include "session/machine_room.h"

namespace qat {
namespace {

constexpr int kProbeSize = 64;

// Elements of a value for one image of the probe's size.
int64_t elementsOf(const Value& value) {
    int64_t count = 1;
    for (const int64_t size : value.shape) count *= size;
    return count;
}

std::string inUnits(int64_t bytes) {
    const bool many = bytes >= 1000000000;
    return str(std::fixed, std::setprecision(1), static_cast<double>(bytes) / (many ? 1e9 : 1e6), many ? " GB" : " MB");
}

}  // namespace

int64_t leastMemory(const Graph& graph, int64_t batch, int imgsz) {
    Graph small = graph.clone(false);
    probeShapes(small, {1, 3, kProbeSize, kProbeSize});
    int64_t most = 0;
    for (const NodeId id : small.order()) {
        const Node& node = small.node(id);
        if (std::holds_alternative<Conv2d>(node.op))
            most = std::max(most, elementsOf(small.value(node.inputs[0])) + elementsOf(small.value(node.outputs[0])));
    }
    const auto quantizes = [&](NodeId id) { return std::holds_alternative<FakeQuantize>(small.node(id).op); };
    const double bytes =
        std::ranges::any_of(small.order(), quantizes) ? 1 : sizeof(float);  // codes, at least here and there
    const double area = static_cast<double>(imgsz) * imgsz,
                 layer = bytes * static_cast<double>(most) / (kProbeSize * kProbeSize);
    return static_cast<int64_t>(static_cast<double>(batch) * area * (3 * sizeof(float) + layer));
}

void requireMemory(const Graph& graph, int64_t batch, int imgsz, const std::string& batchKey,
                   const std::string& sizeKey) {
    const int64_t needed = leastMemory(graph, batch, imgsz), available = availableMemory();
    require(needed <= available, ErrorKind::BadInput, batchKey, " ", batch, " with ", sizeKey, " ", imgsz,
            " takes at least ", inUnits(needed), " of memory, and ", inUnits(available), " are free");
}

}  // namespace qat
