// Names in, lines and JSON out.
#include "cli/placement.h"

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/output.h"

namespace qat::cli {
namespace {

using nlohmann::ordered_json;

std::string modeOf(const PlacementReport& placement, const std::string& join) {
    const auto found = std::ranges::find(placement.joins, join, &JoinInfo::node);
    return found == placement.joins.end() ? "" : str(found->kind, ", ", found->mode);
}

void printGroup(const PlacementReport& placement, const GroupInfo& group) {
    std::vector<std::string> joins;
    for (const std::string& join : group.joins) joins.push_back(str(join, " (", modeOf(placement, join), ")"));
    std::cout << group.name << ": one range of " << group.bits << " bits for " << group.sources.size()
              << (group.sources.size() == 1 ? " tensor" : " tensors")
              << (group.followsSums ? ", addends take that of their sum" : "") << "\n"
              << "  made by    " << joinedWords(group.sources, ", ") << "\n";
    if (!group.readers.empty()) std::cout << "  read by    " << joinedWords(group.readers, ", ") << "\n";
    if (!joins.empty()) std::cout << "  joined by  " << joinedWords(joins, ", ") << "\n";
}

void printRequantized(const JoinInfo& join) {
    std::vector<std::string> inputs = join.inputs;
    for (std::string& input : inputs)
        if (input.empty()) input = "(float)";
    std::cout << join.node << ": its " << (join.kind == "concat" ? "sources" : "addends") << " keep their ranges ("
              << join.kind << ", " << join.mode << ")\n"
              << "  ranges     " << joinedWords(inputs, ", ") << "\n"
              << "  result     " << (join.output.empty() ? "in float" : join.output) << "\n";
}

void printGroups(const PlacementReport& placement) {
    const auto isShared = [](const GroupInfo& group) { return group.sources.size() > 1; };
    for (const GroupInfo& group : placement.groups)
        if (isShared(group)) printGroup(placement, group);
    for (const JoinInfo& join : placement.joins)
        if (join.mode == "requantize") printRequantized(join);
    const auto shared = std::ranges::count_if(placement.groups, isShared);
    std::cout << shared << (shared == 1 ? " range is" : " ranges are") << " shared, "
              << placement.groups.size() - static_cast<size_t>(shared) << " belong to one tensor each\n";
}

ordered_json groupsJson(const PlacementReport& placement) {
    ordered_json groups = ordered_json::array();
    for (const GroupInfo& g : placement.groups)
        groups.push_back({{"name", g.name},
                          {"bits", g.bits},
                          {"sources", g.sources},
                          {"readers", g.readers},
                          {"joins", g.joins},
                          {"follows_sums", g.followsSums}});
    return groups;
}

ordered_json joinsJson(const PlacementReport& placement) {
    ordered_json joins = ordered_json::array();
    for (const JoinInfo& j : placement.joins)
        joins.push_back(
            {{"node", j.node}, {"kind", j.kind}, {"mode", j.mode}, {"inputs", j.inputs}, {"output", j.output}});
    return joins;
}

void printRule(const std::vector<PlacementFinding>& findings) {
    std::vector<std::string> nodes;
    for (const PlacementFinding& finding : findings) nodes.push_back(finding.node);
    const PlacementFinding& first = findings.front();
    std::cout << runtimeName(first.runtime) << ": " << costName(first.cost) << ": " << first.rule << ", "
              << nodes.size() << (nodes.size() == 1 ? " place" : " places") << listed(nodes) << "\n  " << first.sentence
              << "\n";
}

void printFindings(const std::vector<PlacementFinding>& findings) {
    for (auto begin = findings.begin(); begin != findings.end();) {
        const auto end = std::find_if(begin, findings.end(), [&](const PlacementFinding& f) {
            return f.runtime != begin->runtime || f.rule != begin->rule;
        });
        printRule({begin, end});
        begin = end;
    }
    for (const Runtime runtime : {Runtime::TensorRt, Runtime::OnnxRuntime})
        if (std::ranges::find(findings, runtime, &PlacementFinding::runtime) == findings.end())
            std::cout << runtimeName(runtime) << ": nothing to remark\n";
}

ordered_json findingsJson(const std::vector<PlacementFinding>& findings) {
    ordered_json rows = ordered_json::array();
    for (const PlacementFinding& f : findings)
        rows.push_back({{"runtime", runtimeName(f.runtime)},
                        {"rule", f.rule},
                        {"cost", costName(f.cost)},
                        {"node", f.node},
                        {"sentence", f.sentence}});
    return rows;
}

}  // namespace

void reportPlacement(const PlacementReport& placement, const PlacementView& view, ordered_json& report) {
    if (view.groups) {
        report["groups"] = groupsJson(placement);
        report["joins"] = joinsJson(placement);
        if (view.print) printGroups(placement);
    }
    if (!view.findings) return;
    report["placement"] = findingsJson(placement.findings);
    if (view.print) printFindings(placement.findings);
}

}  // namespace qat::cli
