// Describing models.
#include "session/describe.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <sstream>

#include "base/error.h"
#include "config/derived.h"
#include "config/image_size.h"
#include "config/table_name.h"
#include "models/weights.h"
#include "passes/pipeline.h"
#include "quant/branch_policies.h"
#include "quant/fusions.h"
#include "run/executor.h"
#include "session/bundled.h"
#include "session/input_size.h"
#include "session/model_source.h"

namespace qat {
namespace {

int64_t product(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

const char* observerName(ObserverKind kind) {
    switch (kind) {
        case ObserverKind::MinMax:
            return "minmax";
        case ObserverKind::MovingAverageMinMax:
            return "moving_average_minmax";
        case ObserverKind::PerChannelMinMax:
            return "per_channel_minmax";
        case ObserverKind::Histogram:
            return "histogram";
        case ObserverKind::CustomMinMax:
            return "custom_minmax";
        case ObserverKind::Percentile:
            return "percentile";
        case ObserverKind::Entropy:
            return "entropy";
        case ObserverKind::Mse:
            return "mse";
    }
    return "";
}

void addPlan(LayerInfo& info, NodeId node, const QuantPlan& plan) {
    if (const WeightPlan* weight = plan.weightOf(node)) {
        info.weightBits = weight->how.tensor.bitWidth;
        info.weightOrigin = weight->how.origin;
    } else
        info.weightOrigin = "left in float";
    if (const ActivationGroup* group = plan.groupRead(node)) {
        info.activationBits = group->how.tensor.bitWidth;
        info.activationOrigin = group->how.origin;
        info.observer = observerName(group->how.tensor.observer);
        if (group->sources.size() > 1) info.scaleGroup = group->name;
    }
}

constexpr std::string_view kNetworkPolicy = "network";

// What every key is for the layer, and the policies behind some of it.
void addStated(LayerInfo& info, NodeId node, const QuantPlan& plan) {
    for (const auto& [key, stated] : plan.values.at(node)) info.values.push_back({key, stated.value, stated.origin});
    if (const auto declared = plan.declared.find(node); declared != plan.declared.end())
        info.policies.push_back({std::string(kNetworkPolicy), declared->second + " states its quantizers"});
    const auto found = plan.policies.find(node);
    if (found == plan.policies.end()) return;
    for (const BranchPolicy* row : found->second)
        info.policies.push_back({std::string(row->name), std::string(row->reason)});
}

std::vector<PolicyInfo> policiesIn(const QuantPlan& plan) {
    std::vector<PolicyInfo> policies;
    if (!plan.declared.empty())
        policies.push_back({std::string(kNetworkPolicy), "the network's own description states their quantizers",
                            static_cast<int64_t>(plan.declared.size())});
    for (const BranchPolicy& row : branchPolicies()) {
        const auto holds = [&](const auto& layer) {
            return std::ranges::find(layer.second, &row) != layer.second.end();
        };
        if (const auto layers = std::ranges::count_if(plan.policies, holds); layers > 0)
            policies.push_back({std::string(row.name), std::string(row.reason), layers});
    }
    return policies;
}

LayerInfo layerInfo(const Graph& graph, NodeId id) {
    const Node& node = graph.node(id);
    LayerInfo info;
    info.name = node.name;
    info.aliases = layerAliases(graph, node.name);
    info.op = opName(node.op);
    info.unit = unitOf(graph, node);
    info.weightShape = graph.value(weightOf(node)).shape;
    info.outputShape = graph.value(node.outputs.front()).shape;
    info.parameters = weightCount(graph, id) + (biasOf(node).valid() ? product(graph.value(biasOf(node)).shape) : 0);
    info.macs = macsOf(graph, node);
    return info;
}

}  // namespace

int64_t weightCount(const Graph& graph, NodeId node) {
    return product(graph.value(weightOf(graph.node(node))).shape);
}

namespace {

// Of what is deployed of two heads.
int64_t deployedMacs(const Graph& graph) {
    Graph deployed = graph.clone(false);
    dropOtherHead(deployed);
    return macsOf(deployed);
}

}  // namespace

ModelDescription describeGraph(Graph& graph, int imgsz, const QuantPlan* plan) {
    imgsz = fittingImageSize(imgsz, "the image size").pixels;
    requireImageSize(graph, imgsz, "the image size");
    probeShapes(graph, {1, 3, imgsz, imgsz});
    ModelDescription description{parameterCount(graph), deployedMacs(graph), {3, imgsz, imgsz}, graph.info.classNames};
    description.architecture = graph.info.architecture, description.variant = graph.info.variant;
    description.head = graph.info.head;
    description.anchors = !graph.info.anchors.empty();
    for (const NodeId id : quantizableNodes(graph)) {
        LayerInfo info = layerInfo(graph, id);
        if (plan) addPlan(info, id, *plan);
        if (plan) addStated(info, id, *plan);
        description.layers.push_back(std::move(info));
    }
    if (plan) description.policies = policiesIn(*plan);
    return description;
}

namespace {

int64_t scaleCount(const Graph& graph, const WeightPlan& weight) {
    const TensorQuantConfig& tensor = weight.how.tensor;
    if (tensor.scheme == Scheme::PerTensor) return 1;
    const Node& layer = graph.node(weight.node);
    const Shape& shape = graph.value(weightOf(layer)).shape;
    if (tensor.scheme == Scheme::PerChannel) return shape[static_cast<size_t>(traitsOf(layer.op).layer.outputAxis)];
    const int64_t row = weightCount(graph, weight.node) / shape[0];
    return shape[0] * ((row + tensor.groupSize - 1) / tensor.groupSize);
}

}  // namespace

int64_t deviceBytes(const Graph& graph, const QuantPlan* plan) {
    int64_t bytes = 4 * parameterCount(graph);
    if (!plan) return bytes;
    for (const WeightPlan& weight : plan->weights) {
        const int64_t count = weightCount(graph, weight.node), scales = scaleCount(graph, weight);
        bytes +=
            (count * weight.how.tensor.bitWidth + 7) / 8 - 4 * count + scales * (weight.how.tensor.symmetric ? 4 : 5);
    }
    for (const ActivationGroup& group : plan->groups) bytes += group.how.tensor.symmetric ? 4 : 5;
    return bytes;
}

double effectiveBits(const Graph& graph, const QuantPlan& plan) {
    double bits = 0, count = 0;
    for (const NodeId id : quantizableNodes(graph)) {
        const auto weights = static_cast<double>(weightCount(graph, id));
        const WeightPlan* weight = plan.weightOf(id);
        bits += weights * (weight ? weight->how.tensor.bitWidth : 32);
        count += weights;
    }
    return count > 0 ? bits / count : 0;
}

ModelDescription describeModel(const std::filesystem::path& model, int imgsz) {
    OpenedModel opened = openModel(model);
    ModelDescription description =
        describeGraph(opened.graph, imgsz > 0 ? imgsz : usualImageSize(opened.graph), nullptr);
    description.notes = noticesOf(opened);
    return description;
}

namespace {

// A merged layer has the batch norms of its branches inside, whatever fusions state of them.
void keepNorm(LayerInfo& layer, const Graph& branches) {
    const auto before = branches.findNode(layer.name);
    const bool had = before && unitOf(branches, branches.node(*before)).size() > 1 &&
                     unitOf(branches, branches.node(*before))[1] == "bn";
    if (had && (layer.unit.size() < 2 || layer.unit[1] != "bn")) layer.unit.insert(layer.unit.begin() + 1, "bn");
}

}  // namespace

ModelDescription describeModel(const Config& config) {
    OpenedModel opened = openModel(config, 0);
    const Graph branches = opened.graph.clone(false);
    if (config.train.quantize) runPasses(opened.graph, PassId::MergeParallelConvs);  // as a run does
    const QuantPlan plan = resolvePlan(opened.graph, config);
    ModelDescription description =
        describeGraph(opened.graph, config.data.imgsz, config.train.quantize ? &plan : nullptr);
    for (LayerInfo& layer : description.layers) keepNorm(layer, branches);
    return description;
}

namespace {

int lineOf(const Config& config, const std::string& key) {
    int line = 0;
    std::istringstream stated(config.sources.of(key));
    std::string word;
    return stated >> word >> line && word == "line" ? line : 0;
}

template <class Open>
void addModelIssue(std::vector<ConfigIssue>& issues, const Config& config, const std::string& key,
                   const std::string& path, Open open) {
    try {
        open();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Internal) throw;
        std::error_code unknown;
        const bool missing =
            !namesTable(path) && !bundledNamed(path) && !std::filesystem::exists(path, unknown) && !unknown;
        issues.push_back(
            {missing ? Severity::Warning : Severity::Error, lineOf(config, key), 1, key, str(key, ": ", error.what())});
    }
}

void checkTable(ModelCheck& check, const Config& config, const Config& resolved) {
    const std::string& table = resolved.model.architecture;
    if (!namesTable(table)) return;
    addModelIssue(check.issues, config, "model.architecture", table, [&] {
        Config bare = resolved;
        bare.model.pretrainedPath.clear();
        check.built = false;
        const OpenedModel opened = openModel(bare, 0);
        requireImageSize(opened.graph, config.data.imgsz, "data.imgsz");
        check.built = true;
    });
}

}  // namespace

ModelCheck checkModels(const Config& config, const std::filesystem::path& folder) {
    Config resolved = config;
    resolveConfigPaths(resolved, folder);
    ModelCheck check;
    checkTable(check, config, resolved);
    if (check.built && (!resolved.model.pretrainedPath.empty() || resolved.model.numClasses > 0))
        addModelIssue(check.issues, config, "model.pretrained_path", resolved.model.pretrainedPath, [&] {
            const OpenedModel opened = openModel(resolved, 0);
            check.model = opened.source;
            check.classNames = opened.graph.info.classNames;
            for (const std::string& notice : noticesOf(opened))
                check.issues.push_back({Severity::Warning, lineOf(config, "model.pretrained_path"), 1,
                                        "model.pretrained_path", str(opened.source, ": ", notice)});
        });
    const std::string& teacher = resolved.distillation.teacherModel;
    if (wantsDistillation(config) && !teacher.empty())
        addModelIssue(check.issues, config, "distillation.teacher_model", teacher,
                      [&] { openModel(std::filesystem::path(teacher)); });
    return check;
}

}  // namespace qat
