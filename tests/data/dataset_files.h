// A folder of pictures, labels and a description, made file by file.
#pragma once

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/fixtures.h"
#include "support/assets.h"

namespace qat {

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

}  // namespace qat
