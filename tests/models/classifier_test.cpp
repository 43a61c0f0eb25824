// Classifiers: published numbers of parameters, sizes of maps, names and shapes of published state dicts, and what
// their quantized twins declare.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "import/checkpoint.h"
#include "models/detector.h"
#include "models/family.h"
#include "models/known_layouts.h"
#include "models/reference_quantizers.h"
#include "models/trained.h"
#include "models/weights.h"
#include "run/executor.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat {
namespace {

Graph memberGraph(const char* name, int64_t classes = 0, int64_t side = 0, Random* random = nullptr) {
    FamilyMember member = *memberNamed(name);
    member.spec.numClasses = classes > 0 ? classes : usualClasses(member);
    member.spec.side = side;
    return buildMember(member, random);
}

struct PublishedCount {
    const char* name;
    int64_t parameters;
};

TEST(Classifiers, HaveThePublishedParameters) {
    constexpr std::array kRows{PublishedCount{"resnet20", 269722},      PublishedCount{"resnet32", 464154},
                               PublishedCount{"resnet44", 658586},      PublishedCount{"resnet56", 853018},
                               PublishedCount{"resnet110", 1727962},    PublishedCount{"resnet18", 11689512},
                               PublishedCount{"resnet34", 21797672},    PublishedCount{"resnet50", 25557032},
                               PublishedCount{"resnet101", 44549160},   PublishedCount{"resnet152", 60192808},
                               PublishedCount{"vgg11", 132863336},      PublishedCount{"vgg13", 133047848},
                               PublishedCount{"vgg16", 138357544},      PublishedCount{"vgg19", 143667240},
                               PublishedCount{"vgg11_bn", 132868840},   PublishedCount{"vgg13_bn", 133053736},
                               PublishedCount{"vgg16_bn", 138365992},   PublishedCount{"vgg19_bn", 143678248},
                               PublishedCount{"mobilenetv1", 4231976},  PublishedCount{"yolov8n-cls", 2719288},
                               PublishedCount{"yolov8s-cls", 6361736},  PublishedCount{"yolov8m-cls", 17053336},
                               PublishedCount{"yolov8l-cls", 37480744}, PublishedCount{"yolov8x-cls", 57422840},
                               PublishedCount{"yolo11n-cls", 2812104},  PublishedCount{"yolo11s-cls", 6724008},
                               PublishedCount{"yolo11m-cls", 11634216}, PublishedCount{"yolo11l-cls", 14115624},
                               PublishedCount{"yolo11x-cls", 29637064}, PublishedCount{"yolo26n-cls", 2812104},
                               PublishedCount{"yolo26x-cls", 29637064}};
    for (const auto& [name, parameters] : kRows) {
        const Graph graph = memberGraph(name);
        EXPECT_EQ(parameterCount(graph), parameters) << name;
        EXPECT_EQ(graph.info.task, "classification") << name;
        EXPECT_EQ(graph.outputNames(OutputRole::Decoded), std::vector<std::string>{"logits"}) << name;
        EXPECT_EQ(decodedOutput(graph), "logits");
    }
}

Shape shapeOf(const Graph& graph, const std::string& node) {
    return graph.value(graph.node(*graph.findNode(node)).outputs.front()).shape;
}

TEST(Cnv, HasThePublishedMapsAndWeights) {
    Random random(1);
    Graph graph = memberGraph("cnv", 10, 0, &random);
    EXPECT_EQ(graph.value(graph.inputs().front()).shape, (Shape{1, 3, 32, 32}));
    probeShapes(graph, {2, 3, 32, 32});
    std::vector<int64_t> sides;
    for (const char* node :
         {"normalize.deviation", "conv_features.1", "conv_features.4", "conv_features.7", "conv_features.8",
          "conv_features.11", "conv_features.14", "conv_features.15", "conv_features.18"})
        sides.push_back(shapeOf(graph, node).at(3));
    EXPECT_EQ(sides, (std::vector<int64_t>{32, 30, 28, 14, 12, 10, 5, 3, 1}));
    EXPECT_EQ(graph.value(graph.output("logits")).shape, (Shape{2, 10}));
    int64_t weights = 0;
    for (const ValueId id : graph.storedValues())
        if (const Value& value = graph.value(id); value.shape.size() == 4) {
            weights += value.data->numel();
            EXPECT_LE(value.data->abs().max().item<float>(), 1.0f) << value.name;
            EXPECT_GT(value.data->abs().max().item<float>(), 0.95f) << value.name << " starts uniform within 1";
        }
    EXPECT_EQ(weights, 1542848);
}

// Networks for small pictures halve them later, by the same names.
TEST(Classifiers, TakeSmallPictures) {
    Random random(2);
    for (const char* name : {"resnet18", "resnet50", "vgg11", "mobilenetv1", "resnet20", "yolov8n-cls"}) {
        Graph graph = memberGraph(name, 7, 32, &random);
        probeShapes(graph, {2, 3, 32, 32});
        EXPECT_EQ(graph.value(graph.output("logits")).shape, (Shape{2, 7})) << name;
        EXPECT_EQ(graph.value(graph.inputs().front()).shape.at(2), 32) << name;
    }
    Graph narrow = memberGraph("resnet18", 7, 32, &random);
    probeShapes(narrow, {1, 3, 32, 32});
    EXPECT_EQ(shapeOf(narrow, "layer1.1.relu2").at(2), 32);
    EXPECT_EQ(shapeOf(narrow, "layer4.1.relu2").at(2), 4);
}

NamedTensors emptyTensors(const Graph& graph, const std::string& prefix) {
    NamedTensors tensors;
    for (const auto& [name, tensor] : stateDict(graph))
        tensors.emplace_back(prefix + name,
                             std::make_shared<at::Tensor>(at::empty(graph.value(*graph.findValue(name)).shape)));
    return tensors;
}

void rename(NamedTensors& tensors, const std::string& from, const std::string& to) {
    for (auto& [name, tensor] : tensors)
        if (const size_t at = name.find(from); at != std::string::npos) name.replace(at, from.size(), to);
}

TEST(ClassifierFiles, AreToldByNamesAndShapes) {
    for (const char* name : {"resnet18", "resnet50", "vgg16", "vgg13_bn", "resnet56", "mobilenetv1", "cnv"})
        for (const int64_t side : {0, 32}) {
            const Graph graph = memberGraph(name, 12, side);
            NamedTensors tensors = emptyTensors(graph, "backbone.");
            const Layout found = recognise(tensors, "");
            EXPECT_EQ(found.classes, 12);
            Graph built = buildDetector(found, nullptr);
            EXPECT_TRUE(loadWeights(built, tensors, "file").empty()) << name;
        }
    // As torchvision's heirs for small pictures call them.
    NamedTensors tensors = emptyTensors(memberGraph("resnet34", 5, 32), "");
    rename(tensors, "downsample", "shortcut"), rename(tensors, "fc.", "linear.");
    EXPECT_EQ(recognise(tensors, "").variant, "34");
    EXPECT_EQ(tensors.back().first, "fc.bias");
    // Linear layers are matrices in files, and convolutions of one place here.
    for (const auto& [name, layer] : {std::pair{"cnv", "linear_features."},
                                      {"resnet18", "fc."},
                                      {"vgg11", "classifier."},
                                      {"yolo11n-cls", ".linear."}}) {
        tensors = emptyTensors(memberGraph(name), "");
        for (auto& [entry, tensor] : tensors)
            if (entry.find(layer) != std::string::npos && tensor->dim() == 4) *tensor = tensor->flatten(1);
        Graph graph = buildDetector(recognise(tensors, ""), nullptr);
        EXPECT_TRUE(loadWeights(graph, tensors, "file").empty()) << name;
    }
}

std::string refusalOf(NamedTensors tensors) {
    try {
        Graph graph = buildDetector(recognise(tensors, ""), nullptr);
        loadWeights(graph, tensors, "file");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "";
}

TEST(ClassifierFiles, ThatAreWrongAreRefusedByName) {
    NamedTensors tensors = emptyTensors(memberGraph("resnet18"), "");
    std::erase_if(tensors, [](const auto& entry) { return entry.first == "layer3.0.bn2.weight"; });
    EXPECT_EQ(refusalOf(tensors), "file: no entry layer3.0.bn2.weight");
    tensors = emptyTensors(memberGraph("resnet18"), "");
    std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with("layer2.1."); });
    EXPECT_EQ(refusalOf(tensors), "it holds a ResNet of 2, 1, 2, 2 blocks, which is no member of the family");
    tensors = emptyTensors(memberGraph("vgg16"), "");
    for (auto& [name, tensor] : tensors)
        if (name == "classifier.3.weight") *tensor = at::zeros({4096, 4095});
    EXPECT_EQ(refusalOf(tensors), "file: classifier.3.weight has shape [4096, 4095], expected [4096, 4096, 1, 1]");
    tensors = emptyTensors(memberGraph("resnet20"), "");
    for (auto& [name, tensor] : tensors)
        if (name == "linear.weight") *tensor = at::zeros({10});
    EXPECT_EQ(refusalOf(tensors), "a classifier cannot have 0 classes (rows of linear.weight), only 1 to 100000");
    // A detector on a ResNet is none.
    tensors = emptyTensors(memberGraph("resnet50"), "backbone.body.");
    std::erase_if(tensors, [](const auto& entry) { return entry.first.find("fc.") != std::string::npos; });
    EXPECT_NE(refusalOf(tensors).find("it holds no network that is known"), std::string::npos);
}

// The network behind its first two operations, which the goldens' input has been through.
Graph withoutNormalisation(const Graph& graph) {
    Graph bare = graph.clone(true);
    bare.replaceUses(bare.node(*bare.findNode("normalize.deviation")).outputs.front(), bare.inputs().front());
    bare.sweep();
    return bare;
}

TEST(ClassifierGolden, LogitsOfThePublishedFileAgree) {
    QAT_REQUIRE_ASSETS(assets);
    const Checkpoint checkpoint = readCheckpoint(assets / "models" / "resnet20-12fca82f.th");
    NamedTensors tensors;
    for (const NamedTensor& entry : checkpoint.tensors) tensors.emplace_back(entry.name, entry.tensor);
    const Layout found = recognise(tensors, checkpoint.moduleClass, checkpoint.architectureJson);
    EXPECT_EQ(found.family + found.variant, "resnet20");
    Graph graph = buildDetector(found, nullptr);
    EXPECT_TRUE(loadWeights(graph, tensors, "file").empty());
    const at::Tensor input = test::readNpyTensor(assets / "goldens" / "resnet20" / "input.npy");
    const at::Tensor expected = test::readNpyTensor(assets / "goldens" / "resnet20" / "logits.npy");
    for (const bool frozen : {false, true}) {
        const Graph bare = withoutNormalisation(graph);
        Executor executor(bare, {.outputs = {"logits"}, .frozen = frozen});
        EXPECT_LT(test::maxDifference(executor.run(input).front(), expected), 1e-4) << frozen;
    }
    // And with it, from the pictures that such an input comes from.
    const at::Tensor mean = at::tensor({0.485f, 0.456f, 0.406f}).reshape({1, 3, 1, 1}),
                     deviation = at::tensor({0.229f, 0.224f, 0.225f}).reshape({1, 3, 1, 1});
    Executor executor(graph, {.outputs = {"logits"}});
    EXPECT_LT(test::maxDifference(executor.run(input * deviation + mean).front(), expected), 5e-4);
}

const DeclaredQuantizer* declaredFor(const Graph& graph, const std::string& node, bool weight) {
    const auto found = std::ranges::find_if(
        graph.declared, [&](const DeclaredQuantizer& each) { return each.node == node && each.weight == weight; });
    return found == graph.declared.end() ? nullptr : &*found;
}

TEST(ReferenceQuantizers, AreDeclaredOnce) {
    for (const char* name : {"resnet20", "resnet50", "vgg11", "mobilenetv1", "cnv"}) {
        Graph graph = memberGraph(name, 10, 32);
        declareReference(graph);
        const std::vector<DeclaredQuantizer> once = graph.declared;
        declareReference(graph);
        EXPECT_EQ(graph.declared, once) << name;
        std::set<std::pair<std::string, bool>> places;
        for (const DeclaredQuantizer& each : once) {
            EXPECT_TRUE(graph.findNode(each.node)) << each.node;
            EXPECT_TRUE(places.insert({each.node, each.weight}).second) << each.node << " is declared twice";
            EXPECT_EQ(each.reason, str("quant_", name));
        }
        EXPECT_EQ(parseGraph(dumpGraph(graph)).declared, once) << name;
    }
    Graph detector = memberGraph("yolov8n", 2);
    EXPECT_THROW(declareReference(detector), Error);
}

TEST(ReferenceQuantizers, AreThoseOfTheirFamilies) {
    Graph resnet = memberGraph("resnet20");
    declareReference(resnet);
    EXPECT_EQ(declaredFor(resnet, "conv1", true)->bits, 8);
    EXPECT_EQ(declaredFor(resnet, "linear", true)->bits, 8);
    EXPECT_EQ(declaredFor(resnet, "layer2.1.conv1", true)->bits, 0) << "as configured";
    EXPECT_TRUE(declaredFor(resnet, "layer2.1.conv1", true)->perChannel);
    EXPECT_FALSE(declaredFor(resnet, "layer2.1.relu2", false)->isSigned);
    EXPECT_TRUE(declaredFor(resnet, "layer2.1.bn2", false)->isSigned) << "an addend";
    EXPECT_FALSE(declaredFor(resnet, "layer2.1.bn1", false)) << "nobody reads it before its ReLU";
    Graph cnv = memberGraph("cnv");
    declareReference(cnv);
    for (const char* node : {"conv_features.1", "conv_features.18", "linear_features.6"}) {
        const DeclaredQuantizer* weight = declaredFor(cnv, node, true);
        ASSERT_TRUE(weight) << node;
        EXPECT_EQ(weight->range, DeclaredRange::Constant);
        EXPECT_EQ(std::pair(weight->low, weight->high), std::pair(-1.0, 1.0));
        EXPECT_EQ(weight->bits, 0);
    }
    const DeclaredQuantizer* pictures = declaredFor(cnv, "normalize.deviation", false);
    ASSERT_TRUE(pictures);
    EXPECT_EQ(pictures->bits, 8);
    EXPECT_EQ(2 * pictures->high / 255, 1.0 / 128) << "steps of 2^-7";
}

}  // namespace
}  // namespace qat
