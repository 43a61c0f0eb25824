// From one tensor to one file an output.
#include "cli/raw_outputs.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/image_size.h"
#include "import/npy.h"
#include "passes/pipeline.h"
#include "run/executor.h"
#include "session/memory_need.h"

namespace qat::cli {
namespace {

using nlohmann::ordered_json;

std::string bracketed(at::IntArrayRef shape) {
    std::string text;
    for (const int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
    return "[" + text + "]";
}

void requireFitting(const Graph& graph, const at::Tensor& input, const std::string& npy) {
    const int64_t channels = graph.value(graph.inputs().front()).shape.at(1);
    const auto& strides = graph.info.strides;
    const int64_t step = strides.empty() ? 1 : std::ranges::max(strides);
    const auto sizes = input.sizes();
    const auto isSide = [&](int64_t side) { return side > 0 && side <= kLargestImageSize && side % step == 0; };
    require(sizes.size() == 4 && sizes[0] > 0 && sizes[1] == channels && isSide(sizes[2]) && isSide(sizes[3]),
            ErrorKind::BadInput, npy, ": it has the shape ", bracketed(sizes), ", expected [N, ", channels,
            ", H, W] with sides that are multiples of ", step, " up to ", kLargestImageSize);
    requireMemory(graph, sizes[0], static_cast<int>(std::max(sizes[2], sizes[3])), npy + ": a batch of", "a side of");
}

// Names of a run folder's graph are whatever its file says.
std::string fileNameOf(const std::string& output) {
    const bool plain = !output.empty() && output.front() != '.' && output.find_first_of("/\\") == std::string::npos;
    require(plain, ErrorKind::BadInput, "the output ", inQuotes(output), " of the model cannot name a file");
    return output + ".npy";
}

}  // namespace

int writeRawOutputs(const Graph& graph, const std::string& npy, const std::string& folder, bool precise,
                    const std::string& json) {
    const at::Tensor input = readNpyFile(npy);
    requireFitting(graph, input, npy);
    const Graph runnable = inferenceForm(graph);
    std::vector<std::string> names;
    for (const GraphOutput& output : runnable.outputs()) names.push_back(output.name);
    for (const std::string& name : names) fileNameOf(name);
    Executor executor(runnable, {.outputs = names, .frozen = true, .precise = precise});
    const std::vector<at::Tensor> results = executor.run(input.contiguous(at::MemoryFormat::ChannelsLast));
    makeWritableFolder(folder);
    ordered_json written = ordered_json::array();
    for (size_t i = 0; i < names.size(); ++i) {
        const auto file = std::filesystem::path(folder) / fileNameOf(names[i]);
        writeFileAtomic(file, npyBytes(results[i]));
        written.push_back({{"output", names[i]}, {"shape", results[i].sizes().vec()}, {"file", file.string()}});
        if (json != "-") std::cout << file.string() << ": " << bracketed(results[i].sizes()) << "\n";
    }
    writeJson(json, {{"outputs", written}});
    return kDone;
}

}  // namespace qat::cli
