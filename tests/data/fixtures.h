// What several tests of the data layer need: files with given contents, data sets made in memory, expected errors.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "data/dataset.h"

namespace qat::test {

inline void writeText(const fs::path& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    writeFileAtomic(path, text);
}

// Runs the action, which must throw an Error of the kind whose message has all the pieces.
inline void expectError(ErrorKind kind, const std::vector<std::string>& pieces, const std::function<void()>& action) {
    try {
        action();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.what();
        for (const auto& piece : pieces)
            EXPECT_NE(std::string(error.what()).find(piece), std::string::npos)
                << piece << " missing in: " << error.what();
    }
}

// A data set of given samples; a sample without a picture cannot be read.
class MemoryDataset final : public Dataset {
public:
    explicit MemoryDataset(std::vector<Sample> samples) : m_samples(std::move(samples)) {}
    int64_t size() const override { return static_cast<int64_t>(m_samples.size()); }
    Sample read(int64_t index) const override {
        const Sample& sample = m_samples.at(static_cast<size_t>(index));
        require(!sample.image.empty(), ErrorKind::BadInput, sample.path, " cannot be read");
        return sample;
    }
    std::vector<ObjectLabel> labels(int64_t index) const override {
        return m_samples.at(static_cast<size_t>(index)).labels;
    }
    std::string path(int64_t index) const override { return m_samples.at(static_cast<size_t>(index)).path; }
    cv::Size imageSize(int64_t index) const override { return read(index).image.size(); }

private:
    std::vector<Sample> m_samples;
};

// A picture of one colour with a rectangle of another, which is the label.
inline Sample markedSample(const std::string& path, cv::Size size, cv::Rect mark, cv::Vec3b colour,
                           int32_t classIndex) {
    cv::Mat3b image(size, cv::Vec3b(0, 0, 0));
    image(mark).setTo(colour);
    const auto w = static_cast<float>(size.width), h = static_cast<float>(size.height);
    const ObjectLabel label{classIndex, (static_cast<float>(mark.x) + static_cast<float>(mark.width) / 2) / w,
                            (static_cast<float>(mark.y) + static_cast<float>(mark.height) / 2) / h,
                            static_cast<float>(mark.width) / w, static_cast<float>(mark.height) / h};
    return {path, image, {label}};
}

}  // namespace qat::test
