// Pictures and labels that are damaged, doubtful or out of reach: what is left out, and what is said of it.
#include <unistd.h>

#include "data/chosen_classes.h"
#include "data/dataset_files.h"

namespace qat {
namespace {

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

}  // namespace
}  // namespace qat
