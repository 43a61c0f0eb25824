// The pickle machine: every opcode family, sharing, cycles, and streams made to hurt.
#include "import/pickle.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "import/byte_builders.h"

namespace qat::test {
namespace {

Pickle load(const std::string& bytes) {
    return unpickle(bytesOf(bytes));
}
std::string loadError(const std::string& bytes) {
    return badInput([&] { load(bytes); });
}

TEST(Pickle, ReadsScalars) {
    PickleBuilder builder;
    builder.proto().code("(N\x88\x89").integer(-5).code("K\xff").code(std::string("M\x01\x02")).real(-2.5);
    builder.text("h\xc3\xa9").code("U\2abC\2cd").code("I123456789012\nI01\nL-7L\nF0.5\n").code("t");
    const std::string bytes = builder.stop();
    const Pickle pickle = load(bytes);
    const auto items = pickle.root.items();
    ASSERT_EQ(items.size(), 14u);
    EXPECT_TRUE(items[0].isNone());
    EXPECT_EQ(items[1].asBool(), true);
    EXPECT_EQ(items[2].asBool(), false);
    EXPECT_EQ(items[3].asInt(), -5);
    EXPECT_EQ(items[4].asInt(), 255);
    EXPECT_EQ(items[5].asInt(), 0x201);
    EXPECT_EQ(items[6].asNumber(), -2.5);
    EXPECT_EQ(items[7].asText(), "h\xc3\xa9");
    EXPECT_EQ(items[8].asText(), "ab");
    EXPECT_TRUE(items[9].is(PickleKind::Bytes));
    EXPECT_EQ(items[10].asInt(), 123456789012);
    EXPECT_EQ(items[11].asBool(), true);
    EXPECT_EQ(items[12].asInt(), -7);
    EXPECT_EQ(items[13].asNumber(), 0.5);
    EXPECT_EQ(pickle.end, bytes.size());
}

TEST(Pickle, ReadsLongIntegers) {
    using namespace std::string_literals;
    const std::string bytes =
        "(\x8a\x00\x8a\x01\xff\x8a\x02\x00\x80\x8b\x03\x00\x00\x00\x01\x02\x03"
        "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19t."s;
    const Pickle pickle = load(bytes);
    const auto items = pickle.root.items();
    ASSERT_EQ(items.size(), 5u);
    EXPECT_EQ(items[0].asInt(), 0);
    EXPECT_EQ(items[1].asInt(), -1);
    EXPECT_EQ(items[2].asInt(), -32768);
    EXPECT_EQ(items[3].asInt(), 0x30201);
    EXPECT_TRUE(items[4].is(PickleKind::BigInt));
    EXPECT_EQ(items[4].node()->text, "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
    EXPECT_FALSE(items[4].asInt().has_value());
}

TEST(Pickle, SharesValuesThroughTheMemo) {
    // a = []; (a, a) and then a grows: both see it.
    const std::string bytes = PickleBuilder()
                                  .proto()
                                  .code("(]q")
                                  .code(std::string(1, '\0'))
                                  .code("h")
                                  .code(std::string(1, '\0'))
                                  .integer(4)
                                  .code("at")
                                  .stop();
    const Pickle pickle = load(bytes);
    const auto items = pickle.root.items();
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[0].node(), items[1].node());
    ASSERT_EQ(items[0].items().size(), 1u);
    EXPECT_EQ(items[0].items()[0].asInt(), 4);
}

TEST(Pickle, HoldsAnObjectThatContainsItself) {
    const std::string bytes =
        PickleBuilder().proto().symbol("some", "Thing").code(")\x81q\1}").text("me").code("h\1sb").stop();
    const Pickle pickle = load(bytes);
    EXPECT_EQ(pickle.root.className(), "some.Thing");
    EXPECT_EQ(pickle.root.node()->state.find("me")->node(), pickle.root.node());
}

TEST(Pickle, KeepsTupleKeysAndOrderInDicts) {
    const std::string bytes = PickleBuilder()
                                  .proto()
                                  .code("}(")
                                  .integers({1, 2})
                                  .text("pair")
                                  .text("b")
                                  .integer(1)
                                  .text("a")
                                  .integer(2)
                                  .text("b")
                                  .integer(3)
                                  .code("u")
                                  .stop();
    const Pickle pickle = load(bytes);
    const auto pairs = pickle.root.pairs();
    ASSERT_EQ(pairs.size(), 4u);
    EXPECT_EQ(pairs[0].first.items()[1].asInt(), 2);
    EXPECT_EQ(pairs[1].first.asText(), "b");
    EXPECT_EQ(pickle.root.find("b")->asInt(), 3);  // the later one counts
    EXPECT_EQ(pickle.root.find("missing"), nullptr);
}

TEST(Pickle, KeepsUnknownClassesAsObjects) {
    const std::string bytes = PickleBuilder()
                                  .proto()
                                  .symbol("os", "system")
                                  .text("true")
                                  .code("\x85Rq\1")
                                  .text("key")
                                  .integer(1)
                                  .code("sh\1")
                                  .integer(2)
                                  .code("a0")
                                  .stop();
    const Pickle pickle = load(bytes);
    EXPECT_EQ(pickle.root.className(), "os.system");
    EXPECT_EQ(pickle.root.node()->args.items()[0].asText(), "true");
    EXPECT_EQ(pickle.root.find("key")->asInt(), 1);
    EXPECT_EQ(pickle.root.items()[0].asInt(), 2);
}

TEST(Pickle, BuildsOrderedDictsFromPairsAndGivesThemState) {
    const std::string bytes = PickleBuilder()
                                  .proto()
                                  .symbol("collections", "OrderedDict")
                                  .code("](")
                                  .integers({7, 8})
                                  .code("e\x85R}")
                                  .text("_metadata")
                                  .code("Nsb")
                                  .stop();
    const Pickle pickle = load(bytes);
    ASSERT_TRUE(pickle.root.is(PickleKind::Dict));
    EXPECT_EQ(pickle.root.pairs()[0].first.asInt(), 7);
    EXPECT_TRUE(pickle.root.node()->state.find("_metadata")->isNone());
}

TEST(Pickle, ReadsProtocolFour) {
    const std::string module = "\x8c\x04some", name = "\x8c\x05Thing";
    const std::string bytes =
        std::string("\x80\x04\x95", 3) + little<uint64_t>(19) + module + "\x94" + name + "\x94\x93)\x81\x94.";
    const Pickle pickle = load(bytes);
    EXPECT_EQ(pickle.root.className(), "some.Thing");
}

TEST(Pickle, StartsAtAnOffset) {
    const std::string bytes = PickleBuilder().proto().integer(1).stop() + PickleBuilder().proto().integer(2).stop();
    const Pickle first = load(bytes);
    EXPECT_EQ(unpickle(bytesOf(bytes), first.end).root.asInt(), 2);
}

TEST(Pickle, SaysWhereAndWhyItStops) {
    EXPECT_EQ(loadError("\x80\x02\xfe."), "pickle offset 2: opcode 254 is not supported");
    EXPECT_EQ(loadError("\x80\x09N."), "pickle offset 0: pickle protocol 9 is unknown");
    EXPECT_EQ(loadError("h\5."), "pickle offset 0: memo entry 5 was never made");
    EXPECT_EQ(loadError("NR."), "pickle offset 1: the stack is empty");
    EXPECT_EQ(loadError("."), "pickle offset 0: the stack is empty");
    EXPECT_EQ(loadError("N(0."), "pickle offset 2: the stack is empty");
    EXPECT_EQ(loadError("t."), "pickle offset 0: no mark is set");
    EXPECT_EQ(loadError("NN."), "pickle offset 2: values are left over at the end");
    EXPECT_EQ(loadError("N)R."), "pickle offset 2: a call of something that is not a symbol");
    EXPECT_EQ(loadError("}(NNNu."), "pickle offset 5: a key without a value");
    EXPECT_EQ(loadError("NNNs."), "pickle offset 3: storing a key in something that is not a dict");
    EXPECT_EQ(loadError("cno end"), "pickle offset 1: a line without an end");
    EXPECT_EQ(loadError(std::string("X\xff\xff\xff\x7f"
                                    "abc",
                                    8)),
              "pickle offset 5: 2147483647 bytes are wanted and 3 are left");
    EXPECT_EQ(loadError(std::string("\x8b\xff\xff\xff\xff.", 6)), "pickle offset 0: an integer of negative length");
    EXPECT_EQ(loadError(std::string("Nr\xff\xff\xff\xff.", 7)),
              "pickle offset 1: memo entry 4294967295 is out of all proportion");
    EXPECT_EQ(loadError("I12x\n."), "pickle offset 0: \"12x\" is not a number we can hold");
}

TEST(Pickle, SurvivesDeepNesting) {
    constexpr size_t kDepth = 500000;
    const std::string bytes = std::string(kDepth, ']') + std::string(kDepth - 1, 'a') + '.';
    const Pickle pickle = load(bytes);
    size_t depth = 1;
    for (const PickleValue* list = &pickle.root; !list->items().empty(); list = &list->items()[0]) ++depth;
    EXPECT_EQ(depth, kDepth);
}

TEST(Pickle, BoundsObjectsAndSteps) {
    const std::string objects(size_t{3} << 20, ']'), steps(size_t{9} << 20, 'N');
    EXPECT_NE(loadError(objects).find("more than 2097152 objects"), std::string::npos);
    EXPECT_NE(loadError(steps).find("more than 8388608 steps"), std::string::npos);
}

// A list doubled thirty times over stays small, because copies are references; making dicts of it is charged for.
TEST(Pickle, DefusesRepeatedReferences) {
    PickleBuilder doubled;
    doubled.code("]q").code(std::string(1, '\0'));
    for (char level = 0; level < 30; ++level)
        doubled.code("](h")
            .code(std::string(1, level))
            .code("h")
            .code(std::string(1, level))
            .code("eq")
            .code(std::string(1, static_cast<char>(level + 1)));
    std::string bytes = "(" + doubled.bytes() + "t.";
    EXPECT_EQ(load(bytes).nodes.size(), 32u);

    PickleBuilder dicts;
    dicts.proto().code("(");
    for (int i = 0; i < 10000; ++i) dicts.code("NN\x86");
    dicts.code("lq\1");
    for (int i = 0; i < 10000; ++i) dicts.code("0").symbol("collections", "OrderedDict").code("h\1\x85R");
    EXPECT_NE(loadError(dicts.stop()).find("more than 8388608 steps"), std::string::npos);
}

TEST(Pickle, NeverCrashesOnRandomOpcodes) {
    using namespace std::string_literals;
    const std::string opcodes =
        "(}])tNJKMGXUCqrhjcQR\x81"
        "bsuaeld.012IL\x80\x85\x86\x87\x88\x89\x8a\x8c\x93\x94\n\0\1"s;
    Random random(7);
    int whole = 0;
    for (int round = 0; round < 5000; ++round) {
        std::string bytes;
        for (int64_t i = random.below(60); i >= 0; --i)
            bytes += opcodes[static_cast<size_t>(random.below(static_cast<int64_t>(opcodes.size())))];
        whole += loadError(bytes + '.') == "no error" ? 1 : 0;
    }
    EXPECT_GT(whole, 10);  // some of it is valid
}

}  // namespace
}  // namespace qat::test
