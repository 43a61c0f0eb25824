// Opening data sets: every kind of name, what is left out, and which sentence a bad one gets.
#include "data/dataset.h"

#include <unistd.h>

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
    DatasetTest() { fs::create_directories(m_root); }
    test::ScratchFolder m_folder;
    fs::path m_root = m_folder.path() / "set";  // with a parent folder of its own
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
    EXPECT_EQ(
        openDataset(yaml("train: images/train\nval: images/val\ntest: images/train/a.png\nnc: 2\n"), DataSplit::Test)
            ->size(),
        1);
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
    EXPECT_EQ(dataset->leftOut(), 1);
    EXPECT_NE(dataset->warnings()[0].find("labels/bad.txt:2:"), std::string::npos) << dataset->warnings()[0];
    test::expectError(ErrorKind::BadInput, {"labels/bad.txt:2:"},
                      [&] { openDataset(spec, DataSplit::Val, DataCheck::Strict); });
    fs::remove(m_root / "images/good.png");
    expectBad(spec, {"data.yaml", "labels/bad.txt:2:"});
}

// What may be a mistake is read, and said of the first files, since a habit of a tool is in all of them.
TEST_F(DatasetTest, DoubtfulLabelsAreSaidOfTheFirstFilesAndCounted) {
    for (int i = 10; i < 32; ++i) add(std::to_string(i), "0 .5 .5 .2 .2\n0 .2 .2 .8 .2 .5 .8\n");
    const auto dataset = openDataset((m_root / "images").string(), DataSplit::Val);
    EXPECT_EQ(dataset->size(), 22);
    EXPECT_EQ(dataset->leftOut(), 0);
    EXPECT_EQ(dataset->labels(21).size(), 2u);
    ASSERT_EQ(dataset->warnings().size(), 21u);
    EXPECT_NE(dataset->warnings()[19].find("labels/29.txt:1: this row has five values like a box"), std::string::npos)
        << dataset->warnings()[19];
    EXPECT_EQ(dataset->warnings()[20], "the same of 2 more label files");
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

// Labels elsewhere than where they are looked for are no data without objects.
TEST_F(DatasetTest, NoLabelAtAllIsSaidWithTheFirstPlace) {
    add("a", nullptr);
    const fs::path second = add("b", nullptr);
    const std::string spec = (m_root / "images").string();
    const std::string before =
        str("not one of the 2 pictures of ", spec, " has a label; those of the first are looked for in ",
            (m_root / "labels/a.txt").string());
    EXPECT_EQ(openDataset(spec, DataSplit::Val)->warnings(), std::vector{before + ", which is not there"});
    EXPECT_TRUE(openDataset(second.string(), DataSplit::Val)->warnings().empty()) << "one picture needs none";
    add("a", "\n");
    EXPECT_EQ(openDataset(spec, DataSplit::Val)->warnings(), std::vector{before + ", which has no rows"});
    add("b", "0 .5 .5 .2 .2\n");
    EXPECT_TRUE(openDataset(spec, DataSplit::Val)->warnings().empty());
}

TEST_F(DatasetTest, ALabelLinkToNothingLeavesThePictureOut) {
    add("a", "0 .5 .5 .2 .2\n");
    add("b", nullptr);
    fs::create_symlink("gone.txt", m_root / "labels/b.txt");
    const auto dataset = openDataset((m_root / "images").string(), DataSplit::Val);
    EXPECT_EQ(dataset->size(), 1);
    ASSERT_EQ(dataset->warnings().size(), 1u);
    EXPECT_EQ(dataset->warnings()[0],
              str((m_root / "labels/b.txt").string(), " is a link to something that is not there, so ",
                  (m_root / "images/b.png").string(), " is left out"));
}

// Known from headers and ends when the data is opened, one a kind.
TEST_F(DatasetTest, DamagedPicturesAreLeftOut) {
    add("a", "0 .5 .5 .2 .2\n");
    const fs::path cut = add("b", "0 .5 .5 .2 .2\n");
    writeFileAtomic(cut, readFile(cut).substr(0, 60));
    test::writeText(m_root / "images/c.jpg", "not a picture");
    fs::create_symlink("gone.jpg", m_root / "images/d.jpg");
    fs::create_symlink("/nowhere/pictures", m_root / "images/e");
    const std::string spec = yaml("val: images\nnames: [x]\n");
    const auto dataset = openDataset(spec, DataSplit::Val);
    ASSERT_EQ(dataset->size(), 1);
    EXPECT_EQ(dataset->leftOut(), 2);
    std::string all;
    for (const std::string& warning : dataset->warnings()) all += warning + "\n";
    for (const char* piece : {"images/b.png is cut short, so it is left out\n",
                              "images/c.jpg is not a picture that can be read, so it is left out\n",
                              "images/d.jpg is a link to something that is not there\n",
                              "images/e is a link to something that is not there\n"})
        EXPECT_NE(all.find(piece), std::string::npos) << all;
    EXPECT_EQ(dataset->warnings().size(), 4u) << all;
    test::expectError(ErrorKind::BadInput, {"images/b.png is cut short"},
                      [&] { openDataset(spec, DataSplit::Val, DataCheck::Strict); });
    test::expectError(ErrorKind::BadInput, {"images/b.png is cut short"},
                      [&] { openDataset(cut.string(), DataSplit::Val); });
    fs::remove(m_root / "images/a.png");
    test::expectError(ErrorKind::BadInput, {"leaves no picture", "images/b.png"},
                      [&] { openDataset((m_root / "images").string(), DataSplit::Val); });
}

// What only decoding finds ends no job: a grey picture without labels stands in, and the sentence waits to be told.
TEST_F(DatasetTest, DamageFoundInDecodingIsKept) {
    add("a", "0 .5 .5 .2 .2\n");
    const fs::path broken = add("b", "0 .5 .5 .2 .2\n");
    std::string bytes = readFile(broken);
    const size_t inside = bytes.find("IDAT") + 6;
    bytes[inside] = static_cast<char>(bytes[inside] ^ 0x55);
    writeFileAtomic(broken, bytes);
    const auto all = openDataset((m_root / "images").string(), DataSplit::Val);
    ASSERT_EQ(all->size(), 2);
    EXPECT_TRUE(all->foundDamaged().empty());
    for (const auto& dataset : {all, keepClasses(all, {"0"})}) {
        const Sample sample = dataset->read(1);
        EXPECT_TRUE(sample.damaged);
        EXPECT_TRUE(sample.labels.empty());
        EXPECT_EQ(sample.image.size(), dataset->imageSize(1));
        EXPECT_FALSE(dataset->read(0).damaged);
        ASSERT_EQ(dataset->foundDamaged().size(), 1u) << "however often it is read";
        EXPECT_NE(dataset->foundDamaged()[0].find("images/b.png is damaged and cannot be read"), std::string::npos)
            << dataset->foundDamaged()[0];
    }
    const auto strict = openDataset((m_root / "images").string(), DataSplit::Val, DataCheck::Strict);
    test::expectError(ErrorKind::BadInput, {"images/b.png is damaged"}, [&] { strict->read(1); });
    fs::remove(broken);
    test::expectError(ErrorKind::BadInput, {"images/b.png"}, [&] { all->read(1); });
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

TEST_F(DatasetTest, ByproductsOfEditorsAndSystemsAreNoPictures) {
    add("a", "0 .5 .5 .2 .2\n");
    for (const char* name :
         {"._a.png", ".DS_Store", "Thumbs.db", ".a.png.swp", "a.png~", "desktop.ini",
          ".ipynb_checkpoints/a-checkpoint.png", "__MACOSX/._a.png", "__MACOSX/a.png", "@eaDir/a.png/thumb.jpg"})
        test::writeText(m_root / "images" / name, "x");
    test::writeText(m_root / "labels/._a.txt", "x");
    const auto folder = openDataset((m_root / "images").string(), DataSplit::Val);
    EXPECT_EQ(folder->size(), 1);
    EXPECT_TRUE(folder->warnings().empty());
    test::writeText(m_root / "list.txt",
                    "images/._a.png\nimages/.DS_Store\nimages/a.png\nimages/Thumbs.db\nimages/a.png~\n");
    const auto list = openDataset((m_root / "list.txt").string(), DataSplit::Val);
    EXPECT_EQ(list->size(), 1);
    EXPECT_TRUE(list->warnings().empty());
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

// What is there and may not be read is not missing; what is too large is not read.
TEST_F(DatasetTest, TroubleOfTheSystemIsASentence) {
    add("a", "0 .5 .5 .2 .2\n");
    const std::string spec = yaml("val: images\nnames: [x]\n");
    expectBad(std::string(5000, 'x'), {"File name too long"});
    test::writeText(m_root / "list.txt", std::string(5000, 'x') + ".jpg\n");
    expectBad((m_root / "list.txt").string(), {"list.txt:1:", "File name too long"});
    expectBad(yaml(str("\nval: ", std::string(5000, 'x'), "\nnames: [x]\n")), {"data.yaml:2:", "File name too long"});
    for (const char* name : {"list.txt", "data.yaml"}) {
        fs::resize_file(m_root / name, uintmax_t{20} << 30);  // takes no room on the disk
        expectBad((m_root / name).string(), {name, "larger than"});
    }
    if (geteuid() != 0) GTEST_SKIP() << "left out: what another user may not read needs the rights of root";
    fs::create_directories(m_root / "images/locked");
    fs::permissions(m_folder.path(), static_cast<fs::perms>(0755));
    fs::permissions(m_root / "images/locked", fs::perms::owner_all);
    ASSERT_EQ(seteuid(65534), 0);
    const auto dataset = openDataset((m_root / "images").string(), DataSplit::Val);
    EXPECT_EQ(dataset->size(), 1);
    ASSERT_EQ(dataset->warnings().size(), 1u);
    EXPECT_NE(dataset->warnings()[0].find("images/locked for pictures: Permission denied"), std::string::npos)
        << dataset->warnings()[0];
    expectBad((m_root / "images/locked").string(), {"images/locked", "Permission denied"});
    expectBad((m_root / "images/locked/data.yaml").string(), {"data.yaml", "Permission denied"});
    ASSERT_EQ(seteuid(0), 0);
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
