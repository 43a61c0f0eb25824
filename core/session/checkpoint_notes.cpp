#include "session/checkpoint_notes.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "models/family.h"

namespace qat {
namespace {

constexpr std::string_view kOwnMetadata = "qatelier.architecture";  // of files that runs wrote

std::string rangesSentence(const Checkpoint& checkpoint) {
    const size_t count = checkpoint.ranges.size();
    if (count == 0) return "";
    return str("it holds ", count, count == 1 ? " range of a quantizer that was" : " ranges of quantizers that were",
               " calibrated elsewhere (", checkpoint.ranges.front().module, " ", checkpoint.ranges.front().place,
               count == 1 ? "" : ", ...", "), which are left: calibration is done anew");
}

// The convolution in front of SPPF's poolings of poolings, if there is an activation behind it: model.9.cv1.
std::optional<std::string> activeBeforePooling(const Graph& graph) {
    constexpr std::string_view kSecond = ".m#2";
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (!std::holds_alternative<Pool>(node.op) || !node.name.ends_with(kSecond)) continue;
        const std::string block = node.name.substr(0, node.name.size() - kSecond.size()), conv = block + ".cv1";
        const bool isElan = graph.findNode(block + ".cv5.conv").has_value();  // always with an activation
        if (!isElan && graph.findNode(conv + ".act")) return conv;
    }
    return std::nullopt;
}

// Networks of the same tensors are trained with and without it, and only pickled modules say which they are.
std::string poolingSentence(const Checkpoint& checkpoint, const Graph& graph) {
    if (!checkpoint.modules.empty() || checkpoint.metadata.contains(std::string(kOwnMetadata))) return "";
    const auto conv = activeBeforePooling(graph);
    if (!conv) return "";
    return str(
        "weights alone do not say whether there is an activation behind ", *conv,
        " (SPPF): one is taken, as in all published weights of YOLOv5 to YOLO11; networks that were trained from "
        "a table between January and September 2026 may have none, and then only their whole checkpoint, with "
        "its modules, is read right");
}

}  // namespace

std::vector<std::string> notesOn(const Checkpoint& checkpoint, const Graph& graph) {
    std::vector<std::string> notes = checkpoint.notes;
    for (std::string sentence : {rangesSentence(checkpoint), poolingSentence(checkpoint, graph)})
        if (!sentence.empty()) notes.push_back(std::move(sentence));
    return notes;
}

std::string ignoredSentence(const std::vector<std::string>& entries) {
    constexpr size_t kNamed = 3;
    if (entries.empty()) return "";
    if (entries.size() == 1) return str("entry ", entries.front(), " is not used");
    const auto last = entries.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, entries.size()));
    return str(entries.size(), " entries are not used: ", joinedWords({entries.begin(), last}, ", "),
               entries.size() > kNamed ? ", ..." : "");
}

}  // namespace qat
