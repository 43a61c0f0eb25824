// Label files: good rows, polygons, repeated rows, and everything that can be wrong with them.
#include "data/labels.h"

#include "fixtures.h"
#include "support/assets.h"

namespace qat {
namespace {

class LabelsTest : public testing::Test {
protected:
    LabelReading read(std::string_view text, int64_t classes = 80) {
        test::writeText(m_file, text);
        return readLabels(m_file, classes);
    }
    test::ScratchFolder m_folder;
    fs::path m_file = m_folder.path() / "a.txt";
};

TEST_F(LabelsTest, PathReplacesTheLastImagesFolder) {
    EXPECT_EQ(labelPathOf("/d/images/x/images/train/a.b.jpg"), "/d/images/x/labels/train/a.b.txt");
    EXPECT_EQ(labelPathOf("/d/myimages/a.jpg"), "/d/myimages/a.txt");
    EXPECT_EQ(labelPathOf("/d/images/../images/a.jpg"), "/d/labels/a.txt");
    EXPECT_EQ(labelPathOf("images/a.jpg"), fs::absolute("labels/a.txt"));
}

TEST_F(LabelsTest, BoxesInFileOrder) {
    const auto reading = read(
        "\xEF\xBB\xBF"
        "3 0.5 0.25 1 1e-1\r\n\n  0.0\t0 1 0.5 0.125  \n");
    ASSERT_EQ(reading.problem, "");
    const std::vector<ObjectLabel> expected{{3, 0.5f, 0.25f, 1, 0.1f}, {0, 0, 1, 0.5f, 0.125f}};
    EXPECT_EQ(reading.labels, expected);
}

TEST_F(LabelsTest, RepeatedRowsGoAndSortTheRest) {
    const auto reading = read("5 .5 .5 .1 .1\n2 .5 .5 .1 .1\n5 .5 .5 .1 .1\n2 .25 .5 .1 .1\n");
    const std::vector<ObjectLabel> expected{{2, .25f, .5f, .1f, .1f}, {2, .5f, .5f, .1f, .1f}, {5, .5f, .5f, .1f, .1f}};
    EXPECT_EQ(reading.labels, expected);
    EXPECT_EQ(reading.doubt, str(m_file.string(),
                                 ":3: this row is the object of row 1 once more, and counts once; rows "
                                 "repeated in the file: 1"));
}

TEST_F(LabelsTest, PolygonsBecomeBoxes) {
    const auto reading = read("1 0.25 0.5 0.75 0.5 0.5 1\n0 0 0.25 0.5 0.25 0.5 0.75 0 0.75\n");
    ASSERT_EQ(reading.problem, "");
    const std::vector<ObjectLabel> expected{{1, .5f, .75f, .5f, .5f}, {0, .25f, .5f, .5f, .5f}};
    EXPECT_EQ(reading.labels, expected);
}

TEST_F(LabelsTest, KeyPointsAfterBoxesArePassedOver) {
    const auto readPoints = [&](std::string_view text, int64_t numbers) {
        test::writeText(m_file, text);
        return readLabels(m_file, 2, numbers);
    };
    // Of an odd number of values that would be a polygon otherwise, and of a point off the picture.
    const auto reading = readPoints("1 .5 .5 .2 .25 .1 .1 .9 .9\n0 .5 .25 .1 .1 0 0 -3 7\n", 4);
    EXPECT_EQ(reading.problem, "");
    EXPECT_EQ(reading.labels, (std::vector<ObjectLabel>{{1, .5f, .5f, .2f, .25f}, {0, .5f, .25f, .1f, .1f}}));
    EXPECT_EQ(readPoints("1 .5 .5 .2 .25 .1 .1 2\n", 3).labels.size(), 1u);
    EXPECT_EQ(readPoints("1 .5 .5 .2 .25\n", 3).problem,
              m_file.string() + ":1: this row does not have the 8 values of a box and kpt_shape");
}

TEST_F(LabelsTest, WhatIsOutsideByAHundredthIsMovedToTheEdge) {
    const auto boxes = read("1 1.0000002 .5 .1 1.002083\n2 -0.000313 .5 .1 .1\n3 1.01 -.01 1 0\n");
    EXPECT_EQ(boxes.problem, "");
    EXPECT_EQ(boxes.labels, (std::vector<ObjectLabel>{{1, 1, .5f, .1f, 1}, {2, 0, .5f, .1f, .1f}, {3, 1, 0, 1, 0}}));
    const auto polygon = read("1 -.001 .25 1.005 .25 .5 1.01\n");
    EXPECT_EQ(polygon.labels, (std::vector<ObjectLabel>{{1, .5f, .625f, 1, .75f}}));
}

TEST_F(LabelsTest, BoxesAmongPolygonsAreTwoPointsAndDoubtful) {
    const auto reading = read("1 0.25 0.5 0.75 0.5 0.5 1\n0 .5 .25 .75 .5\n");
    EXPECT_EQ(reading.problem, "");
    EXPECT_EQ(reading.labels, (std::vector<ObjectLabel>{{1, .5f, .75f, .5f, .5f}, {0, .625f, .375f, .25f, .25f}}))
        << "as trainers read it";
    EXPECT_NE(reading.doubt.find("a.txt:2:"), std::string::npos) << reading.doubt;
    EXPECT_EQ(read("1 0.25 0.5 0.75 0.5 0.5 1\n").doubt, "");
    EXPECT_EQ(read("1 .5 .5 .1 .1\n").doubt, "");
}

TEST_F(LabelsTest, Utf16IsRead) {
    std::string text = "\xFF\xFE";
    for (const char c : std::string("7 .5 .5 .25 .25\r\n")) text += c, text += '\0';
    EXPECT_EQ(read(text).labels, (std::vector<ObjectLabel>{{7, .5f, .5f, .25f, .25f}}));
}

TEST_F(LabelsTest, MissingAndEmptyMeanNoObjects) {
    EXPECT_TRUE(readLabels(m_folder.path() / "none.txt", 80).labels.empty());
    EXPECT_EQ(readLabels(m_folder.path() / "none.txt", 80).problem, "");
    EXPECT_EQ(read("\n \n").problem, "");
}

TEST_F(LabelsTest, ProblemsNameFileAndLine) {
    const std::vector<std::pair<const char*, int>> cases{
        {"1 .5 .5 .1 .1\n1 .5 .5 .1\n", 2},        // a value is missing
        {"1 .5 .5 .1 .1 .9\n", 1},                 // one too many
        {"\n1 .5 1.0101 .1 .1\n", 2},              // above 1
        {"1 .5 -.0101 .1 .1\n", 1},                // below 0
        {"1 .1 .1 .2 .2 .3 1.02\n", 1},            //
        {"1 .5 .5 .1 .1\n1 .5 .5 .1 \xE9\n", 2},   // Latin-1
        {"1 .5 .5 .1 .1\n1 .5 .5 -.001 .1\n", 2},  // a size below 0
        {"1 .5 .5 .1 -1e-9\n", 1},                 //
        {"1 .5 nan .1 .1\n", 1},                   // not a coordinate
        {"1 .5 inf .1 .1\n", 1},                   //
        {"1 .5 1e999 .1 .1\n", 1},                 //
        {"cat .5 .5 .1 .1\n", 1},                  // not a number
        {"1 .5 .5 .1 .1x\n", 1},                   //
        {"-1 .5 .5 .1 .1\n", 1},                   // no class
        {"1.5 .5 .5 .1 .1\n", 1},                  //
        {"1 .1 .1 .2 .2 .3 .3\n1 .1 .1 .2\n", 2},  // half a point
    };
    for (const auto& [text, line] : cases) {
        const auto reading = read(text);
        EXPECT_EQ(reading.problem.find(str(m_file.string(), ":", line, ":")), 0u) << text << ": " << reading.problem;
        EXPECT_TRUE(reading.labels.empty()) << text;
    }
    EXPECT_NE(read(std::string("1 .5 .5 .1 .1\0junk", 18)).problem, "");
    EXPECT_NE(read(std::string("1 .5 .5 .1 .1\n\0", 15)).problem.find(":2:"), std::string::npos);
    EXPECT_NE(readLabels(m_folder.path(), 80).problem, "");
}

TEST_F(LabelsTest, ClassBeyondTheDataIsAnError) {
    EXPECT_EQ(read("79 .5 .5 .1 .1\n").labels.size(), 1u);
    test::expectError(ErrorKind::BadInput, {m_file.string() + ":2:", "80"},
                      [&] { read("0 .5 .5 .1 .1\n80 .5 .5 .1 .1\n"); });
    EXPECT_EQ(read("65535 .5 .5 .1 .1\n", 0).labels.size(), 1u);
    test::expectError(ErrorKind::BadInput, {":1: class 1000000 does not exist, the data has 80 classes"},
                      [&] { read("1e6 .5 .5 .1 .1\n"); });
    test::expectError(ErrorKind::BadInput, {":1: class 100000000000000000000 does not exist"},
                      [&] { read("1e20 .5 .5 .1 .1\n", 0); });
    test::expectError(ErrorKind::BadInput, {":1: class 1000000000", "... does not exist"},
                      [&] { read("1e300 .5 .5 .1 .1\n", 0); });
}

TEST_F(LabelsTest, ValuesThatAreNotFiniteAreCalledSo) {
    for (const char* text : {"1 .5 nan .1 .1\n", "1 .5 inf .1 .1\n", "nan .5 .5 .1 .1\n"})
        EXPECT_EQ(read(text).problem, m_file.string() + ":1: this row has a value that is not finite") << text;
}

}  // namespace
}  // namespace qat
