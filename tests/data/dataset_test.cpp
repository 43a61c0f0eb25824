// Opening data sets: every kind of name, what is left out, and which sentence a bad one gets.
#include "data/dataset.h"

#include <opencv2/imgcodecs.hpp>

#include "data/chosen_classes.h"
#include "fixtures.h"
#include "support/assets.h"

namespace qat {
namespace {

class DatasetTest : public testing::Test {
protected:
    // A picture below images/ and, unless rows is null, its labels.
    fs::path add(const std::string& name, const char* rows) {
        const fs::path image = m_root / "images" / (name + ".png");
        fs::create_directories(image.parent_path());
        EXPECT_TRUE(cv::imwrite(image.string(), cv::Mat(20, 30, CV_8UC3, cv::Scalar(1, 2, 3))));
        if (rows) test::writeText(m_root / "labels" / (name + ".txt"), rows);
        return image;
    }
    std::string yaml(std::string_view text) {
        test::writeText(m_root / "data.yaml", text);
        return (m_root / "data.yaml").string();
    }
    void expectBad(const std::string& spec, const std::vector<std::string>& pieces, DataSplit split = DataSplit::Val) {
        test::expectError(ErrorKind::BadInput, pieces, [&] { openDataset(spec, split); });
    }
    test::ScratchFolder m_folder;
    fs::path m_root = m_folder.path();
};

TEST_F(DatasetTest, DataYamlTellsSplitsApart) {
    add("train/b", "1 .5 .5 .2 .2\n");
    add("train/a", nullptr);
    add("val/c", "");
    const std::string spec =
        yaml("train: images/train\nval: [images/val, images/train/a.png]\nnames: {1: dog, 0: cat}\n");
    const auto train = openDataset(spec, DataSplit::Train);
    ASSERT_EQ(train->size(), 2);
    EXPECT_EQ(train->classNames(), (std::vector<std::string>{"cat", "dog"}));
    EXPECT_EQ(train->path(0), (m_root / "images/train/a.png").string());
    const Sample sample = train->read(1);
    EXPECT_EQ(sample.path, train->path(1));
    EXPECT_EQ(sample.labels, (std::vector<ObjectLabel>{{1, .5f, .5f, .2f, .2f}}));
    EXPECT_EQ(sample.image.size(), cv::Size(30, 20));
    EXPECT_EQ(train->imageSize(1), cv::Size(30, 20));
    EXPECT_TRUE(train->read(0).labels.empty());
    EXPECT_EQ(openDataset(spec, DataSplit::Val)->size(), 2);
    expectBad(spec, {"data.yaml", "test"}, DataSplit::Test);
    EXPECT_EQ(openDataset(yaml("train: images/train\nval: images/val\ntest: images/train/a.png\nnc: 2\n"), DataSplit::Test)->size(), 1);
}

TEST_F(DatasetTest, OnlyChosenClassesCount) {
    add("a", "0 .5 .5 .2 .2\n1 .4 .4 .1 .1\n");
    const auto all = openDataset(yaml("val: images\nnames: [cat, dog]\n"), DataSplit::Val);
    const auto dogs = keepClasses(all, {"dog"});
    EXPECT_EQ(dogs->size(), 1);
    EXPECT_EQ(dogs->classNames(), all->classNames());
    EXPECT_EQ(dogs->read(0).labels, (std::vector<ObjectLabel>{{1, .4f, .4f, .1f, .1f}}));
    test::expectError(ErrorKind::BadInput, {"no class cow"}, [&] { keepClasses(all, {"dog", "cow"}); });
    test::expectError(ErrorKind::BadInput, {"no class 1"}, [&] { keepClasses(all, {"1"}); });
    const auto unnamed = openDataset((m_root / "images").string(), DataSplit::Val);
    EXPECT_EQ(keepClasses(unnamed, {"1"})->read(0).labels.size(), 1u);
    test::expectError(ErrorKind::BadInput, {"numbers"}, [&] { keepClasses(unnamed, {"dog"}); });
}

TEST_F(DatasetTest, RootAndNcOfDataYaml) {
    add("a", "0 .5 .5 .2 .2\n");
    const std::string spec = yaml(str("path: ", m_root.string(), "\nval: images\nnc: 2\n"));
    EXPECT_EQ(openDataset(spec, DataSplit::Val)->classNames(), (std::vector<std::string>{"class_0", "class_1"}));
    const std::string relative = yaml("path: images/..\nval: images\nnames: [x]\n");
    EXPECT_EQ(openDataset(relative, DataSplit::Val)->size(), 1);
}

TEST_F(DatasetTest, ListFolderAndPicture) {
    const fs::path second = add("b", "7 .5 .5 .2 .2\n");
    add("sub/c", nullptr);
    add("a", nullptr);
    test::writeText(m_root / "images/notes.md", "no picture");
    test::writeText(m_root / "list.txt", str("./images/sub/c.png\r\n\n", second.string(), "\nimages/a.png"));
    const auto list = openDataset((m_root / "list.txt").string(), DataSplit::Train);
    const auto folder = openDataset((m_root / "images").string(), DataSplit::Val);
    for (const auto& dataset : {list, folder}) {
        ASSERT_EQ(dataset->size(), 3);
        EXPECT_EQ(dataset->path(0), (m_root / "images/a.png").string());
        EXPECT_EQ(dataset->path(1), (m_root / "images/b.png").string());
        EXPECT_EQ(dataset->path(2), (m_root / "images/sub/c.png").string());
        EXPECT_EQ(dataset->read(1).labels.at(0).classIndex, 7);
        EXPECT_TRUE(dataset->classNames().empty());
    }
    EXPECT_EQ(openDataset(second.string(), DataSplit::Val)->size(), 1);
}

TEST_F(DatasetTest, MalformedLabelsLeaveThePictureOut) {
    add("good", "0 .5 .5 .2 .2\n");
    add("bad", "0 .5 .5 .2 .2\n0 .5 1.5 .2 .2\n");
    const std::string spec = yaml("val: images\nnames: [x]\n");
    const auto dataset = openDataset(spec, DataSplit::Val);
    ASSERT_EQ(dataset->size(), 1);
    EXPECT_EQ(dataset->path(0), (m_root / "images/good.png").string());
    ASSERT_EQ(dataset->warnings().size(), 1u);
    EXPECT_NE(dataset->warnings()[0].find("labels/bad.txt:2:"), std::string::npos) << dataset->warnings()[0];
    test::expectError(ErrorKind::BadInput, {"labels/bad.txt:2:"},
                      [&] { openDataset(spec, DataSplit::Val, LabelCheck::Strict); });
    fs::remove(m_root / "images/good.png");
    expectBad(spec, {"data.yaml", "labels/bad.txt:2:"});
}

TEST_F(DatasetTest, ClassThatTheDataDoesNotHave) {
    add("a", "0 .5 .5 .2 .2\n2 .5 .5 .2 .2\n");
    expectBad(yaml("val: images\nnames: [x, y]\n"), {"labels/a.txt:2:", "class 2", "2 classes"});
}

TEST_F(DatasetTest, BadNames) {
    expectBad("", {"no data set"});
    expectBad((m_root / "nothing").string(), {"nothing"});
    test::writeText(m_root / "x.bin", "x");
    expectBad((m_root / "x.bin").string(), {"x.bin"});
    fs::create_directories(m_root / "void");
    expectBad((m_root / "void").string(), {"no pictures", "void"});
    test::writeText(m_root / "empty.txt", "\n\n");
    expectBad((m_root / "empty.txt").string(), {"empty.txt"});
    test::writeText(m_root / "list.txt", "\nmissing.jpg\n");
    expectBad((m_root / "list.txt").string(), {"list.txt:2:", "missing.jpg"});
    test::writeText(m_root / "list.txt", "some words\n");
    expectBad((m_root / "list.txt").string(), {"list.txt:1:", "some words"});
}

TEST_F(DatasetTest, BadDataYaml) {
    add("a", nullptr);
    const std::vector<std::pair<const char*, std::vector<std::string>>> cases{
        {"", {"data.yaml"}},
        {"just text", {"data.yaml"}},
        {"val: [images\nnames: [x]\n", {"data.yaml:", "YAML"}},
        {"names: [x]\n", {"val", "missing"}},
        {"val: images\n", {"names", "nc"}},
        {"val: images\nnames: []\n", {"data.yaml:2:", "names"}},
        {"val: images\nnames: 5\n", {"data.yaml:2:", "names"}},
        {"val: images\nnames: {0: a, 2: b}\n", {"data.yaml:2:", "2"}},
        {"val: images\nnames: {0: a, zero: b}\n", {"data.yaml:2:", "zero"}},
        {"val: images\nnames: [[a]]\n", {"data.yaml:2:", "name"}},
        {"val: images\nnc: 3\nnames: [a, b]\n", {"data.yaml:2:", "nc is 3", "2"}},
        {"val: images\nnc: -1\n", {"data.yaml:2:", "nc"}},
        {"val: images\nnc: 99999999999999999999\n", {"data.yaml:2:", "nc"}},
        {"val: {a: b}\nnames: [x]\n", {"data.yaml:1:", "val"}},
        {"\nval: elsewhere\nnames: [x]\n", {"data.yaml:2:", "elsewhere"}},
        {"path: [1]\nval: images\nnames: [x]\n", {"data.yaml:1:", "path"}},
    };
    for (const auto& [text, pieces] : cases) {
        SCOPED_TRACE(text);
        expectBad(yaml(text), pieces);
    }
}

TEST_F(DatasetTest, UnreadablePictureIsNamedWhenRead) {
    test::writeText(m_root / "images/a.jpg", "not a picture");
    const auto dataset = openDataset((m_root / "images").string(), DataSplit::Val);
    test::expectError(ErrorKind::BadInput, {"images/a.jpg"}, [&] { dataset->read(0); });
    test::expectError(ErrorKind::BadInput, {"images/a.jpg"}, [&] { dataset->imageSize(0); });
    fs::remove(m_root / "images/a.jpg");
    test::expectError(ErrorKind::BadInput, {"images/a.jpg"}, [&] { dataset->read(0); });
}

TEST(DatasetAssets, Coco128) {
    QAT_REQUIRE_ASSETS(assets);
    const auto dataset = openDataset((assets / "coco128/data.yaml").string(), DataSplit::Val);
    ASSERT_EQ(dataset->size(), 128);
    EXPECT_EQ(dataset->classNames().size(), 80u);
    EXPECT_EQ(dataset->classNames()[79], "toothbrush");
    EXPECT_TRUE(dataset->warnings().empty());
    size_t labels = 0;
    for (int64_t i = 0; i < dataset->size(); ++i) {
        const Sample sample = dataset->read(i);
        EXPECT_EQ(sample.image.size(), dataset->imageSize(i)) << sample.path;
        labels += sample.labels.size();
    }
    EXPECT_EQ(labels, 929u);
}

}  // namespace
}  // namespace qat
