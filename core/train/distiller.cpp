// Matching layers, running the teacher, adding up.
#include "train/distiller.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/error.h"
#include "base/random.h"
#include "base/sha256.h"
#include "config/derived.h"
#include "config/pattern.h"
#include "data/class_match.h"
#include "graph/device.h"
#include "loss/distill_anchors.h"
#include "ops/kernels.h"
#include "task/trained_heads.h"
#include "train/distill_features.h"

namespace qat {
namespace {

constexpr uint64_t kAdapterStream = 0xADA9;  // of random numbers

using Outputs = std::vector<std::pair<std::string, ValueId>>;

// Every module and layer with the value it ends with, in order of that value. Quantizers after a layer are part of it.
Outputs layerOutputs(const Graph& graph) {
    std::map<std::string, size_t> last;
    for (size_t i = 0; i < graph.order().size(); ++i) {
        const Node& node = graph.node(graph.order()[i]);
        const auto* quantizer = std::get_if<FakeQuantize>(&node.op);
        if (quantizer && quantizer->weight) continue;
        const std::string& name = node.name;
        for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
            last[name.substr(0, dot)] = i;
        last[name] = i;
    }
    std::vector<std::pair<size_t, std::string>> byPlace;
    for (const auto& [name, place] : last) byPlace.emplace_back(place, name);
    std::ranges::sort(byPlace);
    Outputs outputs;
    for (const auto& [place, name] : byPlace) {
        const Node& node = graph.node(graph.order()[place]);
        if (node.outputs.size() == 1) outputs.emplace_back(name, node.outputs.front());
    }
    return outputs;
}

// A copy with the shape of every value for one image; stored values are shared.
Graph probed(const Graph& graph, int imgsz) {
    Graph copy = graph.clone(false);
    probeShapes(copy, {1, 3, imgsz, imgsz});
    return copy;
}

// Layers of the student that an entry of distillation.feature_layers means.
Outputs matching(const Graph& student, const Outputs& layers, const std::string& entry) {
    const auto wrong = LayerPattern::complaint(entry);
    require(!wrong, ErrorKind::BadInput, "distillation.feature_layers holds ", wrong.value_or(""));
    const LayerPattern pattern("^(?:" + entry + ")$");
    Outputs found;
    for (const auto& [name, value] : layers)
        if (pattern.matches(name, layerAliases(student, name)) && student.value(value).shape.size() == 4)
            found.emplace_back(name, value);
    require(!found.empty(), ErrorKind::BadInput, "distillation.feature_layers holds ", entry,
            ", which is no layer of the model");
    return found;
}

FeaturePair pairOf(const std::string& layer, const Shape& ours, ValueId student, const Graph& teacher,
                   const Outputs& theirs) {
    const auto found = std::ranges::find_if(theirs, [&](const auto& other) { return other.first == layer; });
    require(found != theirs.end(), ErrorKind::BadInput, "distillation.feature_layers names ", layer,
            ", which the teacher does not have");
    const Shape& shape = teacher.value(found->second).shape;
    require(shape.size() == 4 && shape[2] == ours[2] && shape[3] == ours[3], ErrorKind::BadInput,
            "distillation.feature_layers: ", layer, " is a map of ", ours[2], " x ", ours[3],
            " in the model but not in the teacher");
    return {layer, student, found->second, ours[1], shape[1]};
}

std::string listOf(const std::vector<int64_t>& numbers) {
    std::string text;
    for (const int64_t number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
    return text;
}

}  // namespace

std::vector<FeaturePair> matchFeatures(const Graph& student, const Graph& teacher, const Config& config) {
    const DistillationConfig& how = config.distillation;
    if (!how.featureDistillation) return {};
    require(!how.featureLayers.empty(), ErrorKind::BadInput,
            "distillation.feature_distillation is true but distillation.feature_layers names no layer");
    const Graph ours = probed(student, config.data.imgsz), theirs = probed(teacher, config.data.imgsz);
    const Outputs layers = layerOutputs(ours), others = layerOutputs(theirs);
    std::vector<FeaturePair> pairs;
    for (const std::string& entry : how.featureLayers)
        for (const auto& [layer, value] : matching(ours, layers, entry)) {
            const bool known =
                std::ranges::any_of(pairs, [&](const FeaturePair& pair) { return pair.student == value; });
            if (!known) pairs.push_back(pairOf(layer, ours.value(value).shape, value, theirs, others));
        }
    return pairs;
}

namespace {

const char* headWord(const ModelInfo& model) {
    return model.head == kOneToOne ? "one2one" : "one2many";
}

// The teacher's class after each of the student's.
std::vector<int32_t> teacherClasses(const ModelInfo& student, const ModelInfo& teacher) {
    return matchClasses({student.classNames, "the model"}, {teacher.classNames, "distillation.teacher_model"});
}

// Channels of the teacher's maps (box sides, then classes) in the student's order; undefined for the same order.
at::Tensor teacherChannels(const ModelInfo& student, const ModelInfo& teacher) {
    const std::vector<int32_t> classes = teacherClasses(student, teacher);
    const int64_t sides = 4 * teacher.regMax;
    at::Tensor channels = at::arange(sides + teacher.numClasses, at::kLong);
    const at::Tensor plain = channels.clone();
    for (size_t i = 0; i < classes.size(); ++i)
        channels.data_ptr<int64_t>()[sides + static_cast<int64_t>(i)] = sides + classes[i];
    return channels.equal(plain) ? at::Tensor() : channels;
}

}  // namespace

std::vector<HeadPair> matchHeads(const Graph& student, const Graph& teacher) {
    const TrainedHeads ours = trainedHeads(student), theirs = trainedHeads(teacher);
    std::vector<HeadPair> pairs;
    if (!ours.one.empty() && !theirs.one.empty()) pairs.push_back({0, theirs.one});
    if (!ours.many.empty() && !theirs.many.empty()) pairs.push_back({ours.one.size(), theirs.many});
    return pairs;
}

void checkTeacher(const Graph& student, const Graph& teacher, const Config& config) {
    const auto fits = [&](bool same, const char* what, const std::string& theirs, const std::string& ours) {
        require(same, ErrorKind::BadInput, "distillation.teacher_model has ", what, " ", theirs, " but the model has ",
                ours);
    };
    const ModelInfo &ours = student.info, &theirs = teacher.info;
    for (const ModelInfo* info : {&ours, &theirs})
        require(info->task == kDetection.name, ErrorKind::Unsupported, "distillation is for heads of boxes, and ",
                info == &ours ? "the model" : "the teacher", " has classes of pictures");
    require(ours.anchors.empty() && theirs.anchors.empty(), ErrorKind::Unsupported,
            "distillation is for heads without anchors, and ", ours.anchors.empty() ? "the teacher" : "the model",
            " has some");
    require(!matchHeads(student, teacher).empty(), ErrorKind::BadInput, "distillation.teacher_model has a ",
            headWord(theirs), " head but the model has a ", headWord(ours), " one");
    fits(theirs.numClasses == ours.numClasses, "a number of classes of", std::to_string(theirs.numClasses),
         std::to_string(ours.numClasses));
    fits(theirs.strides == ours.strides, "the strides", listOf(theirs.strides), listOf(ours.strides));
    fits(theirs.regMax == ours.regMax, "a number of bins a box side of", std::to_string(theirs.regMax),
         std::to_string(ours.regMax));
    static_cast<void>(teacherClasses(ours, theirs));
    require(ours.regMax <= kMostBins, ErrorKind::Unsupported, "distillation takes at most ", kMostBins,
            " bins a box side");
    static_cast<void>(matchFeatures(student, teacher, config));
}

Distiller::Distiller(const Graph& student, const Graph& teacher, const Config& config)
    : m_alpha(config.distillation.alpha),
      m_options{student.info.numClasses, student.info.regMax, config.distillation.temperature,
                lossGains(config.train.lossWeights).cls, lossGains(config.train.lossWeights).dfl},
      m_heads(matchHeads(student, teacher)),
      m_pairs(matchFeatures(student, teacher, config)) {
    ExecutorOptions options{.outputs = {}, .frozen = true};
    for (const HeadPair& head : m_heads)
        options.outputs.insert(options.outputs.end(), head.teacher.begin(), head.teacher.end());
    for (size_t i = 0; i < m_pairs.size(); ++i) {
        const FeaturePair& pair = m_pairs[i];
        options.values.push_back(pair.teacher);
        m_adapterOf.emplace_back();
        if (pair.studentChannels == pair.teacherChannels) continue;
        at::Tensor weight = at::empty({pair.teacherChannels, pair.studentChannels, 1, 1});
        Random random = Random::forItem(static_cast<uint64_t>(config.run.seed), kAdapterStream, i);
        const double bound = 1 / std::sqrt(static_cast<double>(pair.studentChannels));
        for (int64_t k = 0; k < weight.numel(); ++k)
            weight.data_ptr<float>()[k] = static_cast<float>(random.uniform(-bound, bound));
        weight = weight.to(deviceOf(student)).requires_grad_(true);
        m_adapterOf.back() = std::make_shared<at::Tensor>(weight);
        m_adapters.emplace_back("adapter." + pair.layer, m_adapterOf.back());
    }
    m_teacher.emplace(teacher, std::move(options));
    m_teacherChannels = teacherChannels(student.info, teacher.info);
    if (m_teacherChannels.defined()) m_teacherChannels = m_teacherChannels.to(deviceOf(teacher));
}

std::vector<ValueId> Distiller::studentFeatures() const {
    std::vector<ValueId> values;
    for (const FeaturePair& pair : m_pairs) values.push_back(pair.student);
    return values;
}

at::Tensor Distiller::adapted(size_t pair, const at::Tensor& feature) const {
    if (!m_adapterOf[pair]) return feature;
    return kernelsOf(feature.device()).forward(Conv2d{}, {feature, *m_adapterOf[pair]}, true).front();
}

Distiller::Loss Distiller::ofHeads(const std::vector<at::Tensor>& maps, Maps& next) const {
    Loss loss;
    const double share = 1 / static_cast<double>(m_heads.size());
    for (const HeadPair& pair : m_heads) {
        const auto first = maps.begin() + static_cast<std::ptrdiff_t>(pair.first);
        const auto count = static_cast<std::ptrdiff_t>(pair.teacher.size());
        std::vector<at::Tensor> teacher(next, next + count);
        next += count;
        for (at::Tensor& map : teacher)
            if (m_teacherChannels.defined()) map = map.index_select(1, m_teacherChannels);
        const LogitDistillation head = distillLogits({first, first + count}, teacher, m_options);
        if (m_heads.size() == 1) return {head.total, head.cls + head.box};
        loss.total = loss.total.defined() ? loss.total + share * head.total : share * head.total;
        loss.value += share * (head.cls + head.box);
    }
    return loss;
}

Distiller::Loss Distiller::against(const at::Tensor& images, const std::vector<at::Tensor>& maps,
                                   const std::vector<at::Tensor>& features) {
    ensure(features.size() == m_pairs.size(), "one feature a pair");
    const std::vector<at::Tensor> teacher = m_teacher->run(images);
    auto next = teacher.begin();
    Loss loss = ofHeads(maps, next);
    const std::vector<at::Tensor> targets(next, teacher.end());
    const double share = m_pairs.empty() ? 0 : 1 / static_cast<double>(m_pairs.size());
    for (size_t i = 0; i < m_pairs.size(); ++i) {
        const FeatureDistance distance = featureDistance(adapted(i, features[i]), targets[i]);
        loss.total = loss.total + share * distance.total;
        loss.value += share * distance.value;
    }
    return loss;
}

at::Tensor Distiller::mixed(const at::Tensor& task, const Loss& distillation) const {
    return (1 - m_alpha) * task + m_alpha * distillation.total;
}

}  // namespace qat
