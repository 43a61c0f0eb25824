// Limits from the kernel's files, needs from the shapes of a small image.
#include "session/memory_need.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <limits>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
constexpr int kProbeSize = 64;

// A number alone in a file of the kernel's; nothing for "max", and where there is no such file.
std::optional<int64_t> numberIn(const std::string& file) {
    int64_t number = 0;
    std::ifstream in(file);
    return in >> number ? std::optional(number) : std::nullopt;
}

// The number behind a word at the beginning of a line, in bytes.
int64_t kilobytesIn(const std::string& file, const std::string& word, int64_t otherwise) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        std::istringstream parts(line);
        std::string first;
        int64_t number = 0;
        if (parts >> first >> number && first == word) return number * 1024;
    }
    return otherwise;
}

int64_t leftOf(const std::optional<int64_t>& limit, const std::optional<int64_t>& used) {
    return limit && used ? std::max<int64_t>(*limit - *used, 0) : kNoLimit;
}

// Of both versions of control groups; the group that a container shows its processes stands at the root.
int64_t leftInGroup() {
    const std::string root = "/sys/fs/cgroup/", older = root + "memory/memory.";
    return std::min(leftOf(numberIn(root + "memory.max"), numberIn(root + "memory.current")),
                    leftOf(numberIn(older + "limit_in_bytes"), numberIn(older + "usage_in_bytes")));
}

int64_t leftOfAddresses() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
    return std::max<int64_t>(static_cast<int64_t>(limit.rlim_cur) - kilobytesIn("/proc/self/status", "VmSize:", 0), 0);
}

// Elements of a value for one image of the probe's size.
int64_t elementsOf(const Value& value) {
    int64_t count = 1;
    for (const int64_t size : value.shape) count *= size;
    return count;
}

std::string gigabytes(int64_t bytes) {
    return str(std::fixed, std::setprecision(1), static_cast<double>(bytes) / 1e9, " GB");
}

}  // namespace

int64_t availableMemory() {
    return std::min({kilobytesIn("/proc/meminfo", "MemAvailable:", kNoLimit), leftInGroup(), leftOfAddresses()});
}

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
            " takes at least ", gigabytes(needed), " of memory, and ", gigabytes(available), " are free");
}

}  // namespace qat
