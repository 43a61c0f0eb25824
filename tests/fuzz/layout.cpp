// Tables of layers, as YAML or, from the first brace on, as JSON: read, and built without weights.
#include "models/layout.h"

#include "fuzz/target.h"
#include "graph/graph.h"
#include "models/detector.h"

namespace qat::test {

FuzzVerdict judgeLayout(const std::string& bytes) {
    return verdictOn([&]() -> std::string {
        const Graph graph =
            buildDetector(bytes.starts_with('{') ? layoutFromJson(bytes) : layoutFromYaml(bytes), nullptr);
        verify(graph);
        if (graph.info.strides.empty()) return "it has a head without levels";
        return graph.outputNames(OutputRole::Decoded).size() == 1 ? "" : "it does not decode its boxes";
    });
}

std::vector<std::string> layoutSeeds() {
    const std::string plain =
        "nc: 3\nscales: # each\n  s: [0.5, 0.5, 64]\n  n: [0.5, 0.25, 64]\nbackbone:\n  - [-1, 1, Conv, [32, 3, 2]]\n"
        "  - [-1, 3, C2f, [32, True]]\n  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, SPPF, [64, 5]]\nhead:\n"
        "  - [-1, 1, nn.Upsample, [None, 2, nearest]]\n  - [[-1, 1], 1, Concat, [1]]\n  - [-1, 1, C3k2, [64, False]]\n"
        "  - [[6, 3], 1, Detect, [nc]]\n";
    const std::string attentive =
        "nc: 2\nend2end: true\nreg_max: 1\nactivation: nn.ReLU()\nbackbone:\n  - [-1, 1, Conv, [64, 3, 4]]\n"
        "  - [-1, 1, C2PSA, [64]]\n  - [-1, 2, A2C2f, [64, True, 4]]\nhead:\n  - [[1, 2], 1, Detect, [nc]]\n";
    const std::string anchored =
        "{\"nc\": 2, \"anchors\": [[10, 13, 16, 30]], \"depth_multiple\": 0.33, \"backbone\": [[-1, 1, \"Conv\", [16, "
        "3, "
        "2]], [-1, 3, \"C3\", [16]], [-1, 1, \"nn.MaxPool2d\", [2, 2, 0]]], \"head\": [[[-1], 1, \"Detect\", [\"nc\", "
        "\"anchors\"]]]}";
    const std::string elan =
        "{\"scale\": \"t\", \"scales\": {\"t\": [1, 1, 512]}, \"backbone\": [[-1, 1, \"Conv\", [16, 3, 2]], [-1, 1, "
        "\"ELAN1\", [32, 32, 16]], [-1, 1, \"AConv\", [64]], [-1, 1, \"RepNCSPELAN4\", [64, 64, 32, 1]], [-1, 1, "
        "\"SPPELAN\", [64, 32]]], \"head\": [[[4], 1, \"v10Detect\", [\"nc\"]]]}";
    return {plain, attentive, anchored, elan};
}

}  // namespace qat::test
