// What pickled networks say of their modules, their architecture and their task.
#include "import/stored_module.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "import/byte_builders.h"
#include "import/checkpoint_parts.h"

namespace qat::test {
namespace {

const std::string kEightFloats = raw<float>({1, 2, 3, 4, 5, 6, 7, 8});

Checkpoint parsePickle(const std::string& pickle) {
    const std::string file = makeTorchZip(pickle, {{"0", kEightFloats}});
    return parseCheckpoint(bytesOf(file));
}

std::string errorOf(const std::string& pickle) {
    return badInput([&] { parsePickle(pickle); });
}

// An object of the class, to be given its attributes, and its child modules as pairs of names and objects.
PickleBuilder& beginModule(PickleBuilder& builder, std::string_view package, std::string_view name) {
    return builder.symbol(package, name).code(")\x81}(").text("_parameters").code("}").text("_buffers").code("}");
}
PickleBuilder& beginChildren(PickleBuilder& builder) {
    return builder.text("_modules").code("}(");
}

// A network of one layer with weights and one without any.
std::string network(const std::function<void(PickleBuilder&)>& addAttributes) {
    PickleBuilder builder;
    beginModule(builder.proto(), "nets", "Net").text("training").code("\x88");
    addAttributes(builder);
    beginChildren(builder).text("0").symbol("torch.nn.modules.conv", "Conv2d").code(")\x81}(");
    builder.text("_parameters").code("}(").text("weight").tensor("FloatStorage", "0", 8, 0, {8}, {1}).code("u");
    builder.text("_buffers").code("}(").text("running_mean").tensor("FloatStorage", "0", 8, 0, {8}, {1});
    builder.text("anchors").tensor("FloatStorage", "0", 8, 2, {2, 1, 2}, {2, 2, 1}).code("u");
    builder.text("_modules").code("}").text("stride").integers({2, 2}).text("padding_mode").text("zeros");
    builder.text("groups").integer(4).text("eps").real(0.001).text("add").code("\x89").text("bias").code("N");
    builder.text("size").symbol("torch", "Size").integers({3, 5}).code("\x85R").text("nested").code("](");
    builder.integers({1, 2}).tensor("FloatStorage", "0", 8, 7, {1}, {1}).code("\x88").code("eub").text("act");
    beginModule(builder, "torch.nn.modules.activation", "SiLU")
        .text("inplace")
        .code("\x88")
        .text("_modules")
        .code("}ub");
    return builder.code("uub").stop();
}

TEST(StoredModules, ListsModulesWithAndWithoutTensors) {
    const Checkpoint checkpoint = parsePickle(network([](PickleBuilder&) {}));
    ASSERT_EQ(checkpoint.modules.size(), 3u);
    EXPECT_EQ(checkpoint.modules[0], (StoredModule{"", "nets.Net", {}, {}, {}}));
    const StoredModule& conv = checkpoint.modules[1];
    EXPECT_EQ(conv.path, "0");
    EXPECT_EQ(conv.className, "torch.nn.modules.conv.Conv2d");
    EXPECT_EQ(conv.numbers, (std::map<std::string, double>{{"groups", 4}, {"eps", 0.001}, {"add", 0}}));
    EXPECT_EQ(conv.lists,
              (std::map<std::string, std::vector<double>>{
                  {"stride", {2, 2}}, {"size", {3, 5}}, {"nested", {1, 2, 8, 1}}, {"anchors", {3, 4, 5, 6}}}));
    EXPECT_EQ(conv.texts, (std::map<std::string, std::string>{{"padding_mode", "zeros"}}));
    EXPECT_EQ(*checkpoint.findModule("act"),
              (StoredModule{"act", "torch.nn.modules.activation.SiLU", {{"inplace", 1}}, {}, {}}));
    EXPECT_EQ(checkpoint.findModule("1"), nullptr);
}

TEST(StoredModules, LeavesOutWhatIsNoNumber) {
    const Checkpoint checkpoint = parsePickle(network([](PickleBuilder& builder) {
        builder.text("infinite").real(INFINITY).text("mixed").code("](").integer(1).text("x").code("e");
        builder.text("empty").code("]").text("dict").code("}").text("long").text(std::string(201, 'x'));
        builder.text("bad").text("\xff").text(std::string(101, 'n')).integer(1).integer(7).integer(8);
        builder.text("many").tensor("FloatStorage", "0", 8, 0, {1001}, {0}).text("self").code("]q\1h\1a");
        builder.text("broken").tensor("FloatStorage", "0", 8, 0, {9}, {1});
        builder.text("most").tensor("FloatStorage", "0", 8, 0, {1000}, {0});
    }));
    EXPECT_EQ(checkpoint.modules[0].numbers.size() + checkpoint.modules[0].texts.size(), 0u);
    ASSERT_EQ(checkpoint.modules[0].lists.size(), 1u);
    EXPECT_EQ(checkpoint.modules[0].lists.at("most"), std::vector<double>(1000, 1));
}

TEST(StoredModules, PathsAreThoseOfTensors) {
    const std::string inner = network([](PickleBuilder&) {});
    for (const std::string wrapper : {"module", "_orig_mod"}) {
        PickleBuilder builder;
        beginChildren(beginModule(builder.proto(), "wrap", "Wrapper")).text(wrapper);
        const Checkpoint checkpoint = parsePickle(builder.code(inner.substr(2, inner.size() - 3)).code("uub").stop());
        ASSERT_EQ(checkpoint.modules.size(), 3u) << wrapper;
        EXPECT_EQ(checkpoint.modules[0].className, "nets.Net") << wrapper;
        EXPECT_EQ(checkpoint.modules[1].path, "0") << wrapper;
        EXPECT_EQ(namesOf(checkpoint).front(), "0.weight") << wrapper;
    }
}

TEST(StoredModules, EndModulesThatShareTooMuch) {
    PickleBuilder builder;
    beginModule(builder.proto(), "nets", "Leaf").text("_modules").code("}").text("values");
    builder.tensor("FloatStorage", "0", 8, 0, {1000}, {0})
        .code(
            "ubq\1"
            "0");
    beginChildren(beginModule(builder, "nets", "Net"));
    for (int i = 0; i < 300; ++i) builder.text(str(i)).code("h\1");
    EXPECT_EQ(errorOf(builder.code("uub").stop()), "the modules of the model have more than 200000 values");
}

std::string architectureOf(const std::function<void(PickleBuilder&)>& addValue) {
    return parsePickle(network([&](PickleBuilder& builder) { addValue(builder.text("yaml")); })).architectureJson;
}

TEST(Architecture, KeepsTypesAndOrder) {
    const std::string json = architectureOf([](PickleBuilder& builder) {
        builder.code("}(").text("scales").code("}(").text("n").code("](").real(0.5).real(2).integer(1024).code("e");
        builder.text("m").code(")u").text("nc").integer(80).integer(0).text("a \"b\"\n").text("rows").code("]");
        builder.integers({-1, 6})
            .code("a")
            .code("\x88\x89N")
            .code(
                "\x87"
                "0");
        builder.text("none").code("N").text("yes").code("\x88").text("inf").real(-INFINITY).code("N").code("}");
        builder.text("what").symbol("pathlib", "Path").code(")Ru");
    });
    EXPECT_EQ(json, R"({"scales":{"n":[0.5,2.0,1024],"m":[]},"nc":80,"0":"a \"b\"\n","rows":[[-1,6]],)"
                    R"("none":null,"yes":true,"inf":"-inf","null":{},"what":"<pathlib.Path>"})");
    EXPECT_EQ(architectureOf([](PickleBuilder& builder) { builder.code("N"); }), "");
}

TEST(Architecture, RefusesWhatHasNoEnd) {
    const auto error = [](const std::string& value) {
        return errorOf(network([&](PickleBuilder& builder) { builder.text("yaml").code(value); }));
    };
    EXPECT_EQ(error("}q\1(U\1ah\1u"), "its architecture is nested more than 30 deep");
    EXPECT_EQ(error("}K\1K\2\x86K\3s"), "a key of its architecture is neither text nor a number");
    std::string doubling = "]q\1(U\x64" + std::string(100, 'x') + "e";
    for (char level = 2; level < 22; ++level)
        doubling +=
            std::string("](h") + static_cast<char>(level - 1) + "h" + static_cast<char>(level - 1) + "eq" + level;
    EXPECT_EQ(error("](" + doubling + "e"), "its architecture takes more than 1048576 bytes of text");
}

TEST(Architecture, StandsBesideAStateDict) {
    PickleBuilder builder;
    builder.proto().code("}(").text("model").code("}(").text("w").tensor("FloatStorage", "0", 8, 0, {8}, {1}).code("u");
    builder.text("yaml").code("}").text("nc").integer(3).code("s").text("task").text("segment");
    const Checkpoint checkpoint = parsePickle(builder.code("u").stop());
    EXPECT_EQ(checkpoint.architectureJson, R"({"nc":3})");
    EXPECT_EQ(checkpoint.task, "segment");
    EXPECT_TRUE(checkpoint.modules.empty());
}

TEST(Architecture, TaskIsFoundWhereAnyVersionPutsIt) {
    const auto task = [](const auto& add) { return parsePickle(network(add)).task; };
    EXPECT_EQ(task([](PickleBuilder&) {}), "");
    EXPECT_EQ(task([](PickleBuilder& b) { b.text("task").text("pose"); }), "pose");
    EXPECT_EQ(task([](PickleBuilder& b) { b.text("args").code("}").text("task").text("obb").code("s"); }), "obb");
    EXPECT_EQ(task([](PickleBuilder& b) {
                  b.text("args").symbol("ultralytics", "Namespace").code(")\x81}").text("task").text("obb").code("sb");
              }),
              "obb");
    EXPECT_EQ(task([](PickleBuilder& b) { b.text("task").integer(3); }), "");
}

}  // namespace
}  // namespace qat::test
