// The names under which configuration patterns may know a layer (the guide writes `bottleneck` and `detect`, the
// state dict writes `m` and the head's index).
#include <algorithm>
#include <regex>

#include "graph/graph.h"

namespace qat {
namespace {

// Index of the detection head's module: that of the node making the first head map, -1 if there is none.
std::string headPrefix(const Graph& graph) {
    const ValueId map = graph.output("head.0");
    const auto maker = map.valid() ? graph.producer(map) : std::nullopt;
    if (!maker) return "";
    const std::string& name = graph.node(*maker).name;
    const size_t first = name.find('.');
    const size_t second = first == std::string::npos ? first : name.find('.', first + 1);
    return second == std::string::npos ? "" : name.substr(0, second + 1);
}

}  // namespace

std::vector<std::string> layerAliases(const Graph& graph, const Node& node) {
    std::vector<std::string> aliases;
    const std::string head = headPrefix(graph);
    if (!head.empty() && node.name.starts_with(head))
        aliases.push_back(head + "detect." + node.name.substr(head.size()));
    static const std::regex bottleneck(R"(^(model\.\d+)\.m\.(\d+)\.(.+)$)");
    if (std::smatch parts; std::regex_match(node.name, parts, bottleneck)) {
        aliases.push_back(parts[1].str() + ".bottleneck." + parts[2].str() + "." + parts[3].str());
        aliases.push_back(parts[1].str() + ".bottleneck." + parts[3].str());
    }
    if (node.name.starts_with("model.")) aliases.push_back("model." + node.name);
    return aliases;
}

}  // namespace qat
