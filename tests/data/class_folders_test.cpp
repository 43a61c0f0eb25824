// Data sets with one class a picture.
#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "data/chosen_classes.h"
#include "data/class_match.h"
#include "data/dataset.h"
#include "data/fixtures.h"
#include "support/assets.h"

namespace qat::test {
namespace {

class ClassFolders : public testing::Test {
protected:
    const ScratchFolder scratch;
    void add(const char* name, cv::Size size = {30, 20}) const {
        const fs::path image = scratch.path() / name;
        fs::create_directories(image.parent_path());
        ASSERT_TRUE(cv::imwrite(image.string(), cv::Mat(size, CV_8UC3, cv::Scalar(1, 2, 3))));
    }
    std::shared_ptr<const Dataset> open(DataSplit split, DataCheck check = DataCheck::Lenient) const {
        return openDataset(scratch.path().string(), split, check, LabelKind::Class);
    }
    static std::vector<int32_t> classesOf(const Dataset& data) {
        std::vector<int32_t> classes;
        for (int64_t i = 0; i < data.size(); ++i) {
            classes.push_back(data.pictureClass(i));
            EXPECT_EQ(data.read(i).pictureClass, classes.back());
            EXPECT_TRUE(data.labels(i).empty()) << "a class is no box";
        }
        return classes;
    }
};

TEST_F(ClassFolders, GiveEveryPictureTheClassOfItsFolder) {
    for (const char* name : {"train/dog/b.png", "train/dog/deep/a.png", "train/ant/c.png", "val/cat/d.png"}) add(name);
    const auto train = open(DataSplit::Train), val = open(DataSplit::Val);
    EXPECT_EQ(train->labelKind(), LabelKind::Class);
    EXPECT_EQ(train->classNames(), (std::vector<std::string>{"ant", "cat", "dog"}))
        << "of all splits, so alike in each";
    EXPECT_EQ(classesOf(*train), (std::vector<int32_t>{0, 2, 2}));
    EXPECT_EQ(classesOf(*val), (std::vector<int32_t>{1}));
    EXPECT_EQ(train->imageSize(0), cv::Size(30, 20));
}

TEST_F(ClassFolders, WithoutFoldersOfSplitsAreForAllAlike) {
    for (const char* name : {"a/1.png", "b/2.png"}) add(name);
    EXPECT_EQ(classesOf(*open(DataSplit::Val)), (std::vector<int32_t>{0, 1}));
}

TEST_F(ClassFolders, AreChosenAndRenumberedByName) {
    for (const char* name : {"ant/1.png", "cat/2.png", "dog/3.png"}) add(name);
    const auto some = keepClasses(open(DataSplit::Val), {"ant", "dog"});
    EXPECT_EQ(classesOf(*some), (std::vector<int32_t>{0, 2})) << "pictures of other classes are left out";
    const auto matched = inClassesOf({{"dog", "cat", "ant"}, "the model"}, open(DataSplit::Val), "the data", {});
    EXPECT_EQ(classesOf(*matched.data), (std::vector<int32_t>{2, 1, 0}));
}

TEST_F(ClassFolders, LeaveOutWhatIsNoPicture) {
    add("a/1.png");
    writeText(scratch.path() / "b/2.png", "no picture");
    const auto data = open(DataSplit::Val);
    EXPECT_EQ(classesOf(*data), (std::vector<int32_t>{0}));
    EXPECT_EQ(data->leftOut(), 1);
    expectError(ErrorKind::BadInput, {"2.png"}, [&] { open(DataSplit::Val, DataCheck::Strict); });
}

TEST_F(ClassFolders, AreRefusedWhereThereAreNone) {
    expectError(ErrorKind::BadInput, {"no folder for a class"}, [&] { open(DataSplit::Val); });
    add("train/a/1.png");
    expectError(ErrorKind::BadInput, {"has no folder val"}, [&] { open(DataSplit::Val); });
    add("val/a/1.png");
    expectError(ErrorKind::BadInput, {"one class only, a"}, [&] { open(DataSplit::Val); });
    expectError(ErrorKind::BadInput, {"data.yaml", "no folder of pictures by class"},
                [] { openDataset("data.yaml", DataSplit::Val, DataCheck::Lenient, LabelKind::Class); });
}

}  // namespace
}  // namespace qat::test
