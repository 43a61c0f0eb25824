// Opening data sets: every kind of name, what a description says, and which sentence a bad one gets.
#include "data/dataset.h"

#include "data/chosen_classes.h"
#include "data/dataset_files.h"

namespace qat {
namespace {

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
    EXPECT_EQ(
        openDataset(yaml("train: images/train\nval: images/val\ntest: images/train/a.png\nnc: 2\n"), DataSplit::Test)
            ->size(),
        1);
}

TEST_F(DatasetTest, KptShapeSaysWhatFollowsBoxes) {
    add("a", "0 .5 .5 .2 .2 .1 .1 .3 .3\n");
    const auto people = openDataset(yaml("val: images\nnames: [person]\nkpt_shape: [2, 2]\n"), DataSplit::Val);
    EXPECT_EQ(people->read(0).labels, (std::vector<ObjectLabel>{{0, .5f, .5f, .2f, .2f}}));
    for (const char* shape : {"5", "[17]", "[17, 4]", "[0, 2]", "[x, 2]", "{a: 1}"})
        expectBad(yaml(str("val: images\nnames: [person]\nkpt_shape: ", shape, "\n")), {"data.yaml:3:", "kpt_shape"},
                  DataSplit::Val);
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
        {"val: images\nnames: [x]\nval: other\n", {"data.yaml:3: the key val stands in the file already"}},
        {"names: [x]\nval: images\nnames: [y]\n", {"data.yaml:3: the key names stands in the file already"}},
        {"val: ''\nnames: [x]\n", {"data.yaml:1: val is empty"}},
        {"names: [x]\nval: [images, \"\"]\n", {"data.yaml:2: val is empty"}},
        {"names: [x]\nval: []\n", {"data.yaml:2: val is empty"}},
    };
    for (const auto& [text, pieces] : cases) {
        SCOPED_TRACE(text);
        expectBad(yaml(text), pieces);
    }
}

TEST_F(DatasetTest, ParentFoldersOfLabellingServices) {
    add("a", "0 .5 .5 .2 .2\n");
    EXPECT_EQ(openDataset(yaml("val: ../images\nnames: [x]\n"), DataSplit::Val)->size(), 1)
        << "nothing beside the data's folder";
    EXPECT_EQ(
        openDataset(yaml(str("path: ", m_root.string(), "\nval: [../images]\nnames: [x]\n")), DataSplit::Val)->path(0),
        (m_root / "images/a.png").string());
    EXPECT_EQ(openDataset(yaml("validation: ..\\images\nnames: [x]\n"), DataSplit::Val)->size(), 1)
        << "as Windows writes it";
    for (const auto& [path, val] : {std::pair("..\\set", "images"), {"../images", "a.png"}, {"..\\images", "a.png"}})
        EXPECT_EQ(openDataset(yaml(str("path: ", path, "\nval: ", val, "\nnames: [x]\n")), DataSplit::Val)->path(0),
                  (m_root / "images/a.png").string())
            << path;
    expectBad(yaml("path: ..\\none\nval: images\nnames: [x]\n"), {"data.yaml:2:", "images", "nothing is there"});
    expectBad(yaml("\nval: ../valid/images\nnames: [x]\n"),
              {"data.yaml:2:", (m_root.parent_path() / "valid/images").string(), " or ",
               (m_root / "valid/images").string(), "nothing is there"});
    fs::create_directories(m_root / "deep");
    fs::rename(m_root / "data.yaml", m_root / "deep/data.yaml");
    add("b", "");
    fs::create_directories(m_root / "deep/images");
    test::writeText(m_root / "deep/data.yaml", "val: ../images\nnames: [x]\n");
    EXPECT_EQ(openDataset((m_root / "deep/data.yaml").string(), DataSplit::Val)->size(), 2)
        << "the path as written goes first";
}

TEST_F(DatasetTest, LinksAreFollowedAndLabelsFoundAlongThem) {
    add("val/a/0", "0 .5 .5 .2 .2\n");
    add("val/a/1", "0 .5 .5 .2 .2\n");
    fs::create_directories(m_root / "store");
    fs::copy_file(m_root / "images/val/a/0.png", m_root / "store/7.png");
    fs::create_directory_symlink("../../store", m_root / "images/val/c");
    fs::create_symlink("../../../store/7.png", m_root / "images/val/a/8.png");
    test::writeText(m_root / "labels/val/c/7.txt", "0 .5 .5 .2 .2\n0 .4 .5 .2 .2\n");
    fs::create_directory_symlink("..", m_root / "images/val/a/circle");
    fs::create_directory_symlink(m_root / "images", m_root / "store/round");
    const auto dataset = openDataset(yaml("val: images/val\nnames: [x]\n"), DataSplit::Val);
    ASSERT_EQ(dataset->size(), 4) << "a circle gives nothing twice";
    EXPECT_EQ(dataset->path(3), (m_root / "images/val/c/7.png").string());
    EXPECT_EQ(dataset->labels(3).size(), 2u);
    EXPECT_TRUE(dataset->warnings().empty());
}

TEST_F(DatasetTest, TextOfOtherEncodings) {
    add("a", "1 .5 .5 .2 .2\n");
    const auto utf16 = [](std::string_view text) {
        std::string bytes = "\xFF\xFE";
        for (const char c : text) bytes += c, bytes += '\0';
        return bytes;
    };
    test::writeText(m_root / "list.txt", utf16("images\\a.png\r\n"));
    EXPECT_EQ(openDataset((m_root / "list.txt").string(), DataSplit::Val)->path(0), (m_root / "images/a.png").string());
    EXPECT_EQ(openDataset(yaml(utf16("val: images\nnames: [x, y]\n")), DataSplit::Val)->classNames(),
              (std::vector<std::string>{"x", "y"}));
    expectBad(yaml("val: images\nnames: [x, caf\xE9]\n"), {"data.yaml:2:", "UTF-8"});
    expectBad(yaml("val: images\nnames:\n  - x\n  - \xC3\xA8\xC8\xCB\n"), {"data.yaml:4:", "UTF-8"});
    test::writeText(m_root / "list.txt", "images/a.png\nimages/\xE9.png\n");
    expectBad((m_root / "list.txt").string(), {"list.txt:2:", "UTF-8"});
    test::writeText(m_root / "labels/a.txt", "1 .5 .5 .2 .2\n\xE9\n");
    expectBad((m_root / "images").string(), {"labels/a.txt:2:", "UTF-8"});
}

TEST_F(DatasetTest, DescriptionsAreCheckedWithoutLookingIntoPictures) {
    add("a", "0 .5 .5 .2 .2\n");
    test::writeText(m_root / "images/b.jpg", "not a picture");
    EXPECT_EQ(checkDescription(yaml("train: images\nval: [images, images/a.png]\nnames: [x]\n"), DataSplit::Val),
              std::vector<std::string>{"x"});
    EXPECT_EQ(checkDescription("shapes:train=4", DataSplit::Train).size(), 6u);
    EXPECT_TRUE(checkDescription((m_root / "images").string(), DataSplit::Val).empty());
    fs::create_directories(m_root / "void");
    test::expectError(ErrorKind::BadInput, {"there are no pictures in ", "data.yaml"},
                      [&] { checkDescription(yaml("val: void\nnames: [x]\n"), DataSplit::Val); });
    test::expectError(ErrorKind::BadInput, {"cows"}, [&] { checkDescription("shapes:cows=4", DataSplit::Train); });
    for (const auto& [text, piece] : {std::pair("val: images\nnames: [\xE9]\n", "UTF-8"),
                                      {"val: none\nnames: [x]\n", "nothing is there"},
                                      {"val: images\n", "names"}})
        test::expectError(ErrorKind::BadInput, {"data.yaml", piece},
                          [&] { checkDescription(yaml(text), DataSplit::Val); });
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
