// The network is cut in two at its raw maps. Bytes and codes pass the cut, numbers do not.
#include "eval/host_side.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "passes/cut_graph.h"
#include "passes/hard_tanh_head.h"
#include "passes/pipeline.h"
#include "run/executor.h"

namespace qat {
namespace {

const FakeQuantize* quantizerOf(const Graph& graph, ValueId value) {
    const auto maker = graph.producer(value);
    return maker ? std::get_if<FakeQuantize>(&graph.node(*maker).op) : nullptr;
}

// Of the hardware's form: maps are clipped, quantized, and not yet lowered to integers.
Graph hardwareForm(const Graph& graph) {
    Graph form = graph.clone(true);
    runPasses(form, kFilePasses);
    switchToHardTanh(form);
    return form;
}

struct Level {
    float own, scale;  // of the device, and what codes are multiplied with
    Graph decoding;
    Executor executor;
    Level(float ofDevice, float ofHost, Graph graph)
        : own(ofDevice),
          scale(ofHost),
          decoding(std::move(graph)),
          executor(decoding, {.outputs = {decoding.outputs().front().name}}) {}
};

Graph deviceOfForm(const Graph& form, const std::vector<std::string>& maps) {
    Graph device = form.clone(false);
    for (const GraphOutput& output : form.outputs())
        if (std::ranges::find(maps, output.name) == maps.end()) device.dropOutput(output.name);
    device.sweep();
    return integerForm(device);
}

float scaleOf(const Graph& form, ValueId map) {
    const ValueId scale = form.node(*form.producer(map)).inputs.at(1);
    return form.value(scale).data->item<float>();
}

}  // namespace

std::string hostSideTrouble(const Graph& graph) {
    if (graph.info.anchors.empty())
        return "accelerators are read through heads with anchors, and this model's has none";
    const bool quantized = std::ranges::any_of(
        graph.order(), [&](NodeId id) { return std::holds_alternative<FakeQuantize>(graph.node(id).op); });
    return quantized ? "" : "an accelerator computes on integers, and this model is in float: take the folder of a run";
}

struct HostSide::Parts {
    Graph device;
    Executor executor;
    std::vector<std::unique_ptr<Level>> levels;
    Parts(Graph graph, const std::vector<std::string>& maps, bool precise)
        : device(std::move(graph)), executor(device, {.outputs = maps, .frozen = true, .precise = precise}) {}
};

HostSide::HostSide(const Graph& graph, std::optional<at::Tensor> scale, bool precise) {
    if (const std::string trouble = hostSideTrouble(graph); !trouble.empty()) fail(ErrorKind::BadInput, trouble);
    if (scale)
        require(scale->numel() == 1 && std::isfinite(scale->item<float>()) && scale->item<float>() > 0,
                ErrorKind::BadInput, "the scale of an accelerator's output is one number above 0");
    const Graph form = hardwareForm(graph);
    const std::vector<std::string> maps = form.outputNames(OutputRole::RawHead);
    const Node& join = form.node(*form.producer(form.output(decodedOutput(form))));
    ensure(join.inputs.size() == maps.size(), "a decoded part for each map");
    m_parts = std::make_unique<Parts>(deviceOfForm(form, maps), maps, precise);
    for (size_t i = 0; i < maps.size(); ++i) {
        const ValueId map = form.output(maps[i]);
        require(quantizerOf(form, map) != nullptr, ErrorKind::BadInput, maps[i], ": its numbers are on no grid");
        const float own = scaleOf(form, map);
        m_parts->levels.push_back(
            std::make_unique<Level>(own, scale ? scale->item<float>() : own, graphBetween(form, map, join.inputs[i])));
    }
}
HostSide::~HostSide() = default;
HostSide::HostSide(HostSide&&) noexcept = default;
HostSide& HostSide::operator=(HostSide&&) noexcept = default;

float HostSide::scale(size_t level) const {
    return m_parts->levels.at(level)->scale;
}

at::Tensor HostSide::bytesOf(const at::Tensor& images) {
    return at::round(images * 255).clamp(0, 255).to(at::kByte).permute({0, 2, 3, 1}).contiguous();
}

std::vector<at::Tensor> HostSide::accelerated(const at::Tensor& bytes) {
    const at::Tensor images =
        bytes.to(at::kFloat).div(255.0f).permute({0, 3, 1, 2}).contiguous(at::MemoryFormat::ChannelsLast);
    std::vector<at::Tensor> codes = m_parts->executor.run(images);
    for (size_t i = 0; i < codes.size(); ++i)  // what leaves the device is code times scale, so this is exact
        codes[i] = at::round(codes[i] / m_parts->levels[i]->own).to(at::kChar).permute({0, 2, 3, 1}).contiguous();
    return codes;
}

at::Tensor HostSide::decoded(const std::vector<at::Tensor>& codes) {
    require(codes.size() == m_parts->levels.size(), ErrorKind::BadInput, "there are codes of ", codes.size(),
            " levels, and the head has ", m_parts->levels.size());
    std::vector<at::Tensor> parts;
    for (size_t i = 0; i < codes.size(); ++i) {
        Level& level = *m_parts->levels[i];
        const at::Tensor map = codes[i].to(at::kFloat).mul(level.scale).permute({0, 3, 1, 2});
        parts.push_back(level.executor.run(map.contiguous(at::MemoryFormat::ChannelsLast)).front().clone());
    }
    return at::cat(parts, 2);
}

}  // namespace qat
