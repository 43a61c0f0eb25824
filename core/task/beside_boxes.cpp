// One row a result.
#include "task/beside_boxes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace qat {
namespace {

struct Beside {
    std::string_view output, word, scored, trained;
};
constexpr std::array kBeside{
    Beside{"masks", "masks", "", ""},
    Beside{"keypoints", "key points", "", ""},
    Beside{"angles", "angles", ", boxes are the upright hulls of the turned ones",
           ", while boxes learn to be upright: expect worse boxes of turned objects"},
};

const Beside* find(const std::vector<std::string>& outputs) {
    const auto found = std::ranges::find_if(
        kBeside, [&](const Beside& row) { return std::ranges::find(outputs, row.output) != outputs.end(); });
    return found == kBeside.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> besideBoxes(const Graph& graph) {
    return graph.outputNames(OutputRole::Extra);
}

std::string notScored(const std::vector<std::string>& beside) {
    const Beside* row = find(beside);
    if (!row) return beside.empty() ? "" : str(beside.front(), " is not scored");
    return str(row->word, " are not scored", row->scored);
}

std::string notTrained(const std::vector<std::string>& beside) {
    const Beside* row = find(beside);
    if (!row) return "";
    return str(row->word, " have no loss, so their own layers keep their weights in training", row->trained);
}

}  // namespace qat
