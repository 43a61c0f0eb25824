// What a data set is to the rest of the program: numbered pictures with labelled boxes, and how one is opened by name.
#pragma once

#include <cstdint>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace qat {

// Centre and size as shares of the picture's width and height, each within 0..1.
struct ObjectLabel {
    int32_t classIndex = 0;
    float x = 0, y = 0, w = 0, h = 0;
    bool operator==(const ObjectLabel&) const = default;
};

struct Sample {
    std::string path;  // for messages and run folders; need not exist on the disk
    cv::Mat image;     // BGR, uint8, upright; shared: copy before writing into it
    std::vector<ObjectLabel> labels;
};

enum class DataSplit { Train, Val, Test };

// train, val or test.
const char* splitName(DataSplit split);
// Throws Error{BadInput} for any other name.
DataSplit splitNamed(std::string_view name);

// What happens to a picture whose label file is malformed: left out with a warning, or an error.
enum class LabelCheck { Lenient, Strict };

// Immutable once opened; every method may be called from several threads at once.
class Dataset {
public:
    virtual ~Dataset();
    virtual int64_t size() const = 0;
    // index is within 0..size()-1. Throws Error{BadInput} naming the file if the picture cannot be read.
    virtual Sample read(int64_t index) const = 0;
    // The labels that read() gives, without decoding the picture where they are known.
    virtual std::vector<ObjectLabel> labels(int64_t index) const { return read(index).labels; }
    virtual std::string path(int64_t index) const = 0;
    // Width and height as read() gives them, without decoding where the format allows it. Throws like read().
    virtual cv::Size imageSize(int64_t index) const = 0;

    // Index is the class; empty if nobody named the classes.
    const std::vector<std::string>& classNames() const { return m_classNames; }
    // One sentence per picture that was left out, naming file and line.
    const std::vector<std::string>& warnings() const { return m_warnings; }

protected:
    std::vector<std::string> m_classNames;
    std::vector<std::string> m_warnings;
};

// spec is a YOLO data.yaml, an image list (.txt), a folder of pictures, one picture, or
// "shapes[:key=value,...]" (data/shapes.h). Only a data.yaml and shapes tell the splits apart. Pictures come in the
// order of their paths. Throws Error{BadInput} naming file and line: nothing found, a class the data does not have, no
// picture left, or (Strict) a malformed label file.
std::shared_ptr<const Dataset> openDataset(const std::string& spec, DataSplit split,
                                           LabelCheck check = LabelCheck::Lenient);

}  // namespace qat
