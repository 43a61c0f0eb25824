// A resumable state of its own kind: tensors by name, observers as JSON.
#include "train/quantizer_state.h"

#include <ATen/ATen.h>

#include <map>
#include <string_view>

#include "base/error.h"
#include "train/exact_number.h"
#include "train/resume_state.h"

namespace qat {
namespace {

using nlohmann::json;

constexpr const char* kCalibratedKind = "calibrated";

json boundsJson(const std::vector<float>& bounds) {
    json values = json::array();
    for (const float v : bounds) values.push_back(exact(v));
    return values;
}

std::vector<float> boundsFrom(const json& values) {
    std::vector<float> bounds;
    for (const json& v : values) bounds.push_back(static_cast<float>(exact(v)));
    return bounds;
}

bool isOfQuantizer(const std::string& name) {
    return name.ends_with("scale") || name.ends_with(".zero_point");
}

void restoreTensor(Graph& graph, const NamedTensor& entry) {
    const auto id = graph.findValue(entry.name);
    require(id && graph.value(*id).data, ErrorKind::BadInput, "the model has no ", entry.name);
    Value& value = graph.value(*id);
    if (value.data->sizes() == entry.tensor->sizes()) {
        value.data->copy_(*entry.tensor);  // the memory order stays: it decides how a convolution computes
        return;
    }
    require(isOfQuantizer(entry.name), ErrorKind::BadInput, entry.name, " has another shape");
    value.shape = entry.tensor->sizes().vec();
    value.data = entry.tensor;
}

}  // namespace

void adoptBiases(Graph& graph, const std::vector<NamedTensor>& stored) {
    std::map<std::string_view, const NamedTensor*> given;
    for (const NamedTensor& entry : stored) given[entry.name] = &entry;
    for (const NodeId id : graph.order()) {
        Node& node = graph.node(id);
        if (!std::holds_alternative<Conv2d>(node.op) || node.inputs.size() != 2) continue;
        const auto bias = given.find(node.name + ".bias");
        if (bias != given.end())
            node.inputs.push_back(
                graph.addParameter(bias->second->name, bias->second->tensor, bias->second->tensor->sizes().vec()));
    }
}

json observersJson(const QuantizerSet& set) {
    json observers = json::object();
    for (const Quantizer& q : set.all()) {
        json& observer = observers[q.name] = {boundsJson(q.observer.range().low), boundsJson(q.observer.range().high)};
        if (q.clipRatios.empty() && !q.leader) continue;
        observer.push_back(boundsJson(q.clipRatios.low));
        observer.push_back(boundsJson(q.clipRatios.high));
        if (q.leader) observer.push_back(*q.leader);
    }
    return observers;
}

void restoreObservers(QuantizerSet& set, const json& observers) {
    for (Quantizer& q : set.all()) {
        const json& observer = observers.at(q.name);
        ObservedRange range{boundsFrom(observer.at(0)), boundsFrom(observer.at(1))};
        const size_t known = q.observer.range().low.size();
        require(range.low.size() == range.high.size() && (known == 0 || known == range.low.size()), ErrorKind::BadInput,
                "its ranges do not fit: ", q.name);
        q.observer.restore(std::move(range));
        if (observer.size() > 2) q.clipRatios = {boundsFrom(observer.at(2)), boundsFrom(observer.at(3))};
        if (observer.size() <= 4) continue;
        q.leader = static_cast<size_t>(count(observer.at(4)));
        require(*q.leader < q.observed.size(), ErrorKind::BadInput, "the checkpoint names another source of ", q.name,
                " than there are");
    }
}

void saveCalibrated(const std::filesystem::path& file, const std::string& identity, const Graph& graph,
                    const QuantizerSet& set) {
    ResumeState state{{{"observers", observersJson(set)}}, {}};
    for (const ValueId id : graph.storedValues())
        state.tensors.push_back({graph.value(id).name, graph.value(id).data, ""});
    writeResumeState(file, kCalibratedKind, identity, std::move(state));
}

void loadCalibrated(const std::filesystem::path& file, const std::string& identity, Graph& graph, QuantizerSet& set) {
    const ResumeState state = readResumeState(file, kCalibratedKind, identity);
    const at::NoGradGuard noGrad;
    try {
        adoptBiases(graph, state.tensors);
        for (const NamedTensor& entry : state.tensors) restoreTensor(graph, entry);
        restoreObservers(set, state.numbers.at("observers"));
    } catch (const json::exception&) {
        fail(ErrorKind::BadInput, file.string(), " is damaged: its observers cannot be read");
    } catch (const Error& error) {
        fail(error.kind(), file.string(), " does not fit: ", error.what());
    }
}

}  // namespace qat
