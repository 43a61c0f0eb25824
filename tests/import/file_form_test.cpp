// The forms in which trainers and exporters leave networks: what is read of each, and what is left with a note.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "import/byte_builders.h"
#include "import/checkpoint_parts.h"

namespace qat::test {
namespace {

const std::string kEight = raw<float>({1, 2, 3, 4, 5, 6, 7, 8});

Checkpoint parse(const std::string& file) {
    return parseCheckpoint(bytesOf(file));
}
Checkpoint parsePickle(const PickleBuilder& builder) {
    return parse(makeTorchZip(builder.stop(), {{"0", kEight}}));
}

PickleBuilder& addTensor(PickleBuilder& builder, int64_t offset, const std::vector<int64_t>& shape) {
    return builder.tensor("FloatStorage", "0", 8, offset, shape, std::vector<int64_t>(shape.size(), 1));
}

PickleBuilder& addWeights(PickleBuilder& builder) {
    return addTensor(builder.code("}").text("model.0.conv.weight"), 0, {4}).code("s");
}

// {"model": weights, ...}, to be given further entries.
PickleBuilder beginCheckpoint() {
    PickleBuilder builder;
    addWeights(builder.proto().code("}(").text("model"));
    return builder;
}

TEST(FileForms, OldTrainingsPairTheAverageWithItsUpdates) {
    PickleBuilder builder = beginCheckpoint();
    addTensor(builder.text("ema").code("}").text("w"), 7, {1}).code("s").integer(100).code("\x86u");
    const Checkpoint checkpoint = parsePickle(builder);
    ASSERT_EQ(namesOf(checkpoint), std::vector<std::string>{"w"});
    EXPECT_EQ(checkpoint.tensors[0].tensor->item<float>(), 8);
}

TEST(FileForms, LibreYoloSaysItAllBesideAStateDict) {
    PickleBuilder builder = beginCheckpoint();
    builder.text("schema_version").text("1.0").text("model_family").text("yolov9").text("size").text("t");
    builder.text("task").text("detect").text("nc").integer(2).text("imgsz").integers({640, 320});
    builder.text("names").code("}(").text("1").text("dog").integer(0).text("cat").code("uu");
    const Checkpoint checkpoint = parsePickle(builder);
    EXPECT_EQ(namesOf(checkpoint), std::vector<std::string>{"model.0.conv.weight"});
    EXPECT_EQ(checkpoint.classNames, (std::vector<std::string>{"cat", "dog"}));
    EXPECT_EQ(checkpoint.task, "detect");
    EXPECT_EQ(checkpoint.metadata.at("model_family"), "yolov9");
    EXPECT_EQ(checkpoint.metadata.at("size"), "t");
    EXPECT_EQ(checkpoint.metadata.at("imgsz"), "[640,320]");
    EXPECT_EQ(checkpoint.metadata.at("schema_version"), "1.0");
}

// An anchor head of two levels with two anchors each, in units of the grid.
Checkpoint anchorModel(int64_t perLevel) {
    PickleBuilder builder;
    builder.proto()
        .symbol("models.yolo", "Detect")
        .code(")\x81}(")
        .text("_parameters")
        .code("}")
        .text("_modules")
        .code("}");
    addTensor(builder.text("_buffers").code("}").text("anchors"), 0, {8}).code("s").text("na").integer(perLevel);
    builder.text("stride").code("](").real(8).real(16).code("eub");
    return parsePickle(builder);
}

TEST(FileForms, AnchorsAreInPixels) {
    EXPECT_EQ(anchorModel(2).anchors, (std::vector<double>{8, 16, 24, 32, 80, 96, 112, 128}));
    EXPECT_TRUE(anchorModel(3).anchors.empty()) << "a grid that is called so";
}

TEST(FileForms, HeadsOfOtherAuthorsKeepTheirClass) {
    for (const char* head : {"DDetect", "DualDDetect", "IDetect"}) {
        PickleBuilder builder;
        builder.proto().symbol("models.yolo", head).code(")\x81}(").text("_modules").code("}").text("_parameters");
        addTensor(builder.code("}").text("w"), 0, {4}).code("sub");
        EXPECT_EQ(parsePickle(builder).modules.at(0).className, std::string("models.yolo.") + head);
    }
}

// Modules that share one which has a hundred thousand attributes.
TEST(FileForms, SharedAttributesAreReadOnce) {
    PickleBuilder builder;
    builder.proto().symbol("nets", "Leaf").code(")\x81}(").text("_modules").code("}");
    for (int i = 0; i < 100000; ++i) builder.text(str(i)).code("N");
    builder
        .code(
            "ubq\1"
            "0")
        .symbol("nets", "Net")
        .code(")\x81}(")
        .text("_parameters")
        .code("}");
    addTensor(builder.text("w"), 0, {4}).code("s").text("_modules").code("}(");
    for (int i = 0; i < 40000; ++i) builder.text(str(i)).code("h\1");
    EXPECT_EQ(parsePickle(builder.code("uub")).modules.size(), 40001u);
}

// ---- Quantizers

PickleBuilder beginQuantizers() {
    PickleBuilder builder = beginCheckpoint();
    builder.text("modelopt").code("}(");
    return builder;
}

TEST(FileForms, RangesOfModelOptAreRead) {
    PickleBuilder builder = beginQuantizers();
    builder.text("modelopt_version").text("0.33").text("ranges").code("}(");
    addTensor(builder.text("module.model.0.conv.input_quantizer"), 2, {});
    addTensor(builder.text("model.0.conv.weight_quantizer._amax"), 0, {3});
    builder.text("model.1.conv.output_quantizer").real(-1).code("u").text("state").code("](").text("quantize");
    builder.code("}").text("model.0.conv.weight_quantizer").code("}(").text("_num_bits").integer(4).text("_axis");
    builder.integer(0).code("us\x86").code("euu");
    const Checkpoint checkpoint = parsePickle(builder);
    EXPECT_EQ(checkpoint.ranges, (std::vector<CalibratedRange>{{"model.0.conv", "weight", {1, 2, 3}, 4},
                                                               {"model.0.conv", "input", {3}, 8}}));
    EXPECT_TRUE(checkpoint.notes.empty());
    EXPECT_EQ(namesOf(checkpoint), std::vector<std::string>{"model.0.conv.weight"});
}

TEST(FileForms, RangesMayBeNested) {
    PickleBuilder builder = beginQuantizers();
    builder.text("model.3.conv").code("}").text("_input_quantizer").code("}(").text("amax").real(2.5);
    builder.text("num_bits").integer(6).code("usuu");
    EXPECT_EQ(parsePickle(builder).ranges, (std::vector<CalibratedRange>{{"model.3.conv", "input", {2.5}, 6}}));
}

TEST(FileForms, OtherQuantizersAreNamedAndLeft) {
    PickleBuilder builder = beginQuantizers();
    builder.text("mode").text("int8").text("blob").code("]q\1h\1auu");
    const Checkpoint checkpoint = parsePickle(builder);
    EXPECT_TRUE(checkpoint.ranges.empty());
    EXPECT_EQ(checkpoint.notes,
              (std::vector<std::string>{"the quantizers that it keeps under \"modelopt\" were left: no "
                                        "ranges can be made out: its entries are \"mode\", \"blob\""}));
}

TEST(FileForms, RangesAmongTheWeightsAreNoWeights) {
    PickleBuilder builder;
    addTensor(builder.proto().code("}(").text("module.model.0.weight"), 0, {4});
    addTensor(builder.text("module.model.0._input_quantizer._amax"), 7, {});
    const Checkpoint checkpoint = parsePickle(builder.code("u"));
    EXPECT_EQ(namesOf(checkpoint), std::vector<std::string>{"model.0.weight"});
    EXPECT_EQ(checkpoint.ranges, (std::vector<CalibratedRange>{{"model.0", "input", {8}, 8}}));
}

// Lists that hold themselves and each other a million times.
TEST(FileForms, SharedQuantizersEnd) {
    PickleBuilder builder = beginQuantizers();
    builder.text("blob").code("]q\1(");
    for (int i = 0; i < 300000; ++i) builder.code("h\1");
    builder.code("e").text("model.0.input_quantizer").code("h\1uu");
    EXPECT_EQ(parsePickle(builder).ranges.size(), 0u);
}

// ---- TorchScript

// A program of one layer, whose class has a name of its own as the second of its kind.
std::string scriptPickle(std::string_view key) {
    PickleBuilder builder;
    builder.proto().symbol("__torch__.nets", "Net").code(")\x81}(").text("training").code("\x89").text("0");
    builder.symbol("__torch__.torch.nn.modules.conv.___torch_mangle_7", "Conv2d").code(")\x81}(").text("weight");
    builder.tensor("FloatStorage", key, 8, 0, {8}, {1}).text("bias").code("N").text("stride");
    builder.symbol("torch.jit._pickle", "build_intlist").code("](").integer(2).integer(2).code("e\x85Rub");
    return builder.code("ub").stop();
}

std::string scriptFile(std::string_view key, const std::string& storage, const std::string& config) {
    return makeZip({{"net/extra/config.txt", config},
                    {"net/data.pkl", scriptPickle(key)},
                    {"net/code/__torch__/nets.py", "class Net(Module):\n  os.remove(1)\n"},
                    {storage, kEight},
                    {"net/constants.pkl", "\x80\2)."},
                    {"net/version", "6\n"}});
}

TEST(FileForms, WeightsOfTorchScript) {
    const Checkpoint checkpoint = parse(
        scriptFile("0", "net/data/0",
                   R"({"stride": 32, "task": "detect", "names": {"0": "cat", "1": "dog"}, "imgsz": [640, 640]})"));
    EXPECT_EQ(namesOf(checkpoint), std::vector<std::string>{"0.weight"});
    EXPECT_EQ(checkpoint.moduleClass, "nets.Net");
    EXPECT_EQ(checkpoint.findModule("0")->className, "torch.nn.modules.conv.Conv2d");
    EXPECT_EQ(checkpoint.findModule("0")->lists, (std::map<std::string, std::vector<double>>{{"stride", {2, 2}}}))
        << "weights are no attributes";
    EXPECT_EQ(checkpoint.classNames, (std::vector<std::string>{"cat", "dog"}));
    EXPECT_EQ(checkpoint.task, "detect");
    EXPECT_TRUE(checkpoint.strides.empty()) << "one stride says nothing of the others";
    EXPECT_EQ(checkpoint.metadata.at("imgsz"), "[640,640]");
    EXPECT_TRUE(checkpoint.notes.empty());
}

TEST(FileForms, TorchScriptMayShareStoragesWithConstants) {
    const Checkpoint checkpoint = parse(scriptFile("constants/0", "net/constants/0", "not ours"));
    EXPECT_EQ(checkpoint.tensors.at(0).tensor->numel(), 8);
    EXPECT_EQ(checkpoint.numClasses, 0);
}

TEST(FileForms, PackedProgramsAreNotRead) {
    const auto packed = [](std::string file, const std::string& name) {
        const size_t entry = file.find(name, file.find("PK\1\2")) - 46;
        return file.replace(entry + 10, 2, little<uint16_t>(8));
    };
    const std::string file = scriptFile("0", "net/data/0", "{}");
    EXPECT_EQ(parse(packed(file, "net/code/")).tensors.size(), 1u);
    EXPECT_NE(badInput([&] { parse(packed(file, "net/data/0")); }).find("is compressed"), std::string::npos);
}

TEST(FileForms, ProgramsThatContainThemselvesEnd) {
    PickleBuilder builder;
    builder.proto().symbol("__torch__", "Net").code(")\x81q\1}").text("again").code("h\1sb");
    EXPECT_EQ(badInput([&] { parsePickle(builder); }), "modules are nested more than 100 deep");
}

// ---- Safetensors

Checkpoint safetensorsWith(const std::string& metadata) {
    return parse(makeSafetensors(
        R"({"__metadata__":{)" + metadata + R"(},"model.0.w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "1"));
}

TEST(FileForms, MetadataOfSafetensors) {
    const Checkpoint json = safetensorsWith(
        R"("names":"[\"cat\", \"dog\"]","nc":"2","stride":"[8, 16.0]","task":"segment","yaml":"{\"scales\":{\"n\":[1.0]}}","by":"me")");
    EXPECT_EQ(json.classNames, (std::vector<std::string>{"cat", "dog"}));
    EXPECT_EQ(json.numClasses, 2);
    EXPECT_EQ(json.strides, (std::vector<int64_t>{8, 16}));
    EXPECT_EQ(json.task, "segment");
    EXPECT_EQ(json.architectureJson, R"({"scales":{"n":[1.0]}})");
    EXPECT_EQ(json.metadata, (std::map<std::string, std::string>{{"by", "me"}}));
    EXPECT_TRUE(json.notes.empty());

    const Checkpoint python =
        safetensorsWith(R"("names":"{0: 'cat', 1: 'd\"og'}","yaml":"{'nc': 2, 'x': None}","nc":"3")");
    EXPECT_EQ(python.classNames, (std::vector<std::string>{"cat", "d\"og", "class2"}));
    EXPECT_EQ(python.architectureJson, R"({"nc":2,"x":null})");
    EXPECT_EQ(safetensorsWith(R"("yaml":"nc: 2\nbackbone: []\n")").architectureJson, R"("nc: 2\nbackbone: []\n")");
}

TEST(FileForms, MetadataOfSomebodyElseIsLeftWithANote) {
    const Checkpoint checkpoint =
        safetensorsWith(R"("names":"{1: 'cat'}","nc":"-4","stride":"[0.5]","task":"[1]","yaml":"7")");
    EXPECT_EQ(checkpoint.notes,
              (std::vector<std::string>{"its metadata nc is not understood and was left: \"-4\"",
                                        "its metadata names is not understood and was left: \"{1: 'cat'}\"",
                                        "its metadata stride is not understood and was left: \"[0.5]\"",
                                        "its metadata task is not understood and was left: \"[1]\"",
                                        "its metadata yaml is not understood and was left: \"7\""}));
    EXPECT_EQ(checkpoint.metadata.size(), 5u);
    EXPECT_EQ(checkpoint.numClasses, 0);
    EXPECT_TRUE(checkpoint.classNames.empty());
}

}  // namespace
}  // namespace qat::test
