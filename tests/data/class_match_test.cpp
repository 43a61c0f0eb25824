// Classes by name: other orders, spellings, subsets, names that only count, and everything without a sure answer.
#include "data/class_match.h"

#include <gtest/gtest.h>

#include "data/fixtures.h"
#include "support/bad_input.h"

namespace qat::test {
namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<int32_t>;

Numbers matched(const Names& data, const Names& model, const Names& counted = {}) {
    return matchClasses({data, "d.yaml"}, {model, "m.pt"}, counted);
}

std::string refusal(const Names& data, const Names& model, const Names& counted = {}) {
    return test::badInput([&] { matched(data, model, counted); });
}

TEST(MatchClasses, ByNameInAnyOrderAndAnySpelling) {
    EXPECT_EQ(matched({"cat", "dog"}, {"cat", "dog"}), (Numbers{0, 1}));
    EXPECT_EQ(matched({"dog", "cat"}, {"cat", "dog"}), (Numbers{1, 0}));
    EXPECT_EQ(matched({"traffic_light", "CAT"}, {"cat", "Traffic Light", "bus"}), (Numbers{1, 0})) << "a subset";
    EXPECT_EQ(matched({"Cat", "cat"}, {"cat", "Cat"}), (Numbers{1, 0})) << "as written counts more";
    EXPECT_EQ(matched({"cat", "cat"}, {"cat", "cat"}), (Numbers{0, 1})) << "the same list has no question to it";
    EXPECT_EQ(matched({"9", "3"}, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}), (Numbers{9, 3}))
        << "digits as objects";
    EXPECT_EQ(matched({"0", "1", "2"}, {"2", "1", "0"}), (Numbers{2, 1, 0}));
}

TEST(MatchClasses, ByNumberWhereNamesOnlyCount) {
    EXPECT_EQ(matched({}, {"cat", "dog"}), (Numbers{0, 1}));
    EXPECT_EQ(matched({"class_0", "class_1"}, {"cat", "dog"}), (Numbers{0, 1}));
    EXPECT_EQ(matched({"0", "1"}, {"cat", "dog"}), (Numbers{0, 1}));
    EXPECT_EQ(matched({"cat", "dog"}, {"class0", "class1"}), (Numbers{0, 1}));
    EXPECT_EQ(refusal({"class_0"}, {"class0", "class1"}), "m.pt has 2 classes but d.yaml has 1")
        << "a made-up name is no name";
    EXPECT_EQ(refusal({"cat", "dog", "bus"}, {"class0", "class1"}), "m.pt has 2 classes but d.yaml has 3");
    EXPECT_TRUE(onlyCount({"0", "Class 1", "class_2"}));
    EXPECT_FALSE(onlyCount({"1", "0"}));
}

TEST(MatchClasses, RefusesWhatHasNoSureAnswer) {
    EXPECT_EQ(refusal({"cat", "aeroplane"}, {"cat", "airplane"}),
              R"(m.pt has no class "aeroplane", which is class 1 of d.yaml; its class 1 is "airplane")");
    EXPECT_EQ(refusal({"cat", "dog", "bus"}, {"dog", "cat"}), R"(m.pt has no class "bus", which is class 2 of d.yaml)");
    EXPECT_EQ(refusal({"dog", "cat"}, {"cat", "dog", "dog"}),
              R"(class 0 of d.yaml, "dog", may be any of 2 classes of m.pt of that name)");
    EXPECT_EQ(refusal({"dog", "Dog", "x"}, {"dog", "x"}),
              R"(classes 0 and 1 of d.yaml, "dog" and "Dog", are both class 0 of m.pt)");
    EXPECT_EQ(refusal({"a\nb"}, {"cat"}),
              R"(m.pt has no class "a?b", which is class 0 of d.yaml; its class 0 is "cat")");
    EXPECT_EQ(matched({"bus", "dog"}, {"cat", "dog"}, {"dog"}), (Numbers{-1, 1}))
        << "what does not count need not be known";
}

Sample labelled(const std::string& path, std::vector<int32_t> classes) {
    Sample sample{path, cv::Mat3b(8, 8), {}};
    for (const int32_t c : classes) sample.labels.push_back({c, 0.5f, 0.5f, 0.1f, 0.1f});
    return sample;
}

class NamedData final : public Dataset {
public:
    NamedData(std::vector<Sample> samples, Names names) : m_samples(std::move(samples)) {
        m_classNames = std::move(names);
        m_warnings = {"a picture was left out"};
    }
    int64_t size() const override { return m_samples.size(); }
    Sample read(int64_t index) const override { return m_samples.read(index); }
    std::string path(int64_t index) const override { return m_samples.path(index); }
    cv::Size imageSize(int64_t index) const override { return m_samples.imageSize(index); }

private:
    MemoryDataset m_samples;
};

std::vector<int32_t> classesOf(const Dataset& data, int64_t index) {
    std::vector<int32_t> classes;
    for (const ObjectLabel& label : data.labels(index)) classes.push_back(label.classIndex);
    return classes;
}

TEST(InClassesOf, LabelsTakeTheModelsNumbers) {
    const auto data = std::make_shared<NamedData>(std::vector{labelled("a", {0, 1, 1}), labelled("b", {2})},
                                                  Names{"dog", "cat", "bus"});
    const MatchedData all = inClassesOf({{"bus", "cat", "dog", "car"}, "m.pt"}, data, "d.yaml");
    EXPECT_EQ(classesOf(*all.data, 0), (std::vector<int32_t>{2, 1, 1}));
    EXPECT_EQ(all.data->read(1).labels.at(0).classIndex, 0);
    EXPECT_EQ(all.names, (Names{"bus", "cat", "dog", "car"}));
    EXPECT_EQ(all.data->classNames(), all.names);
    EXPECT_EQ(all.data->warnings(), data->warnings());
    ASSERT_EQ(all.notes.size(), 2u);
    EXPECT_NE(all.notes[0].find(R"("dog", class 0 of the data, is class 2 of the model)"), std::string::npos)
        << all.notes[0];
    EXPECT_NE(all.notes[1].find("3 classes of the 4"), std::string::npos) << all.notes[1];
    const MatchedData some = inClassesOf({{"cat", "dog"}, "m.pt"}, data, "d.yaml", {"cat"});
    EXPECT_EQ(classesOf(*some.data, 0), (std::vector<int32_t>{0, 0}));
    EXPECT_TRUE(classesOf(*some.data, 1).empty());
}

TEST(InClassesOf, TheSameListIsTheSameData) {
    const auto data = std::make_shared<NamedData>(std::vector{labelled("a", {1})}, Names{"cat", "dog"});
    const MatchedData same = inClassesOf({{"cat", "dog"}, "m.pt"}, data, "d.yaml");
    EXPECT_EQ(same.data, data);
    EXPECT_TRUE(same.notes.empty());
    const MatchedData unnamed = inClassesOf({{"class0", "class1"}, "m.pt"}, data, "d.yaml");
    EXPECT_EQ(unnamed.data, data);
    EXPECT_EQ(unnamed.names, data->classNames()) << "somebody named them";
    ASSERT_EQ(unnamed.notes.size(), 1u);
    EXPECT_EQ(unnamed.notes[0], "m.pt names no classes, so its numbers are taken for those of d.yaml");
}

TEST(InClassesOf, NumbersOfUnnamedClassesAreChecked) {
    const auto data = std::make_shared<MemoryDataset>(std::vector{labelled("a", {0}), labelled("b.jpg", {1, 7})});
    expectError(ErrorKind::BadInput, {"b.jpg has an object of class 7, but m.pt has the classes 0 to 1"}, [&] {
        inClassesOf({{"cat", "dog"}, "m.pt"}, data, "list.txt");
    });
    const auto fits = std::make_shared<MemoryDataset>(std::vector{labelled("a", {1})});
    EXPECT_EQ(inClassesOf({{"cat", "dog"}, "m.pt"}, fits, "list.txt").notes,
              Names{"list.txt names no classes, so its numbers are taken for those of m.pt"});
}

}  // namespace
}  // namespace qat::test
