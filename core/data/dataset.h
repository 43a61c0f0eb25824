// What a data set is to the rest of the program: numbered pictures with labelled boxes, and how one is opened by name.
#pragma once

#include <cstdint>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace qat {

// An object: centre and size as shares of the picture's width and height, each within 0..1.
struct ObjectLabel {
    int32_t classIndex = 0;
    float x = 0, y = 0, w = 0, h = 0;
    bool operator==(const ObjectLabel&) const = default;
};

// What labels say of a picture: which objects are where, or the one class of all of it.
enum class LabelKind { Boxes, Class };

inline constexpr int32_t kNoClass = -1;

struct Sample {
    std::string path;  // for messages and run folders; need not exist on the disk
    cv::Mat image;     // BGR, uint8, upright; shared: copy before writing into it
    std::vector<ObjectLabel> labels;
    bool damaged = false;  // the file cannot be decoded: a grey picture without labels stands in, for training only
    int32_t pictureClass = kNoClass;  // of all of it; in data sets of LabelKind::Class only
};

enum class DataSplit { Train, Val, Test };

// train, val or test.
const char* splitName(DataSplit split);
// Throws Error{BadInput} for any other name.
DataSplit splitNamed(std::string_view name);

// What happens to a picture that is damaged or whose label file is malformed: left out with a warning, or an error.
enum class DataCheck { Lenient, Strict };

// Immutable once opened; every method may be called from several threads at once.
class Dataset {
public:
    virtual ~Dataset();
    virtual int64_t size() const = 0;
    // index is within 0..size()-1. Throws Error{BadInput} naming the file if it cannot be opened, and, where the data
    // set was opened strictly, if it turns out damaged.
    virtual Sample read(int64_t index) const = 0;
    // The labels that read() gives, without decoding the picture where they are known.
    virtual std::vector<ObjectLabel> labels(int64_t index) const { return read(index).labels; }
    virtual LabelKind labelKind() const { return LabelKind::Boxes; }
    // Of LabelKind::Class, without decoding the picture; kNoClass in others.
    virtual int32_t pictureClass(int64_t /*index*/) const { return kNoClass; }
    virtual std::string path(int64_t index) const = 0;
    // Width and height as read() gives them, without decoding. Throws Error{BadInput} naming the file.
    virtual cv::Size imageSize(int64_t index) const = 0;

    // Index is the class; empty if nobody named the classes.
    const std::vector<std::string>& classNames() const { return m_classNames; }
    // What was found when the data set was opened, one sentence each, naming file and line: pictures that were left
    // out, rows that may be mistakes, folders that could not be searched, that there is no label at all.
    const std::vector<std::string>& warnings() const { return m_warnings; }
    // How many pictures were left out.
    int64_t leftOut() const { return m_leftOut; }
    // Where its pictures lie inside files that hold many; empty where each is a file.
    virtual std::vector<std::string> files() const { return {}; }
    // Pictures that turned out damaged when they were decoded, one sentence each, in their order; grows while they are
    // read.
    virtual std::vector<std::string> foundDamaged() const { return {}; }

protected:
    std::vector<std::string> m_classNames;
    std::vector<std::string> m_warnings;
    int64_t m_leftOut = 0;
};

// Of boxes, spec is a YOLO data.yaml, an image list (.txt), a folder of pictures, one picture, or
// "shapes[:key=value,...]" (data/shapes.h); only a data.yaml and shapes tell the splits apart. Of classes, it is a
// folder of folders (data/class_folders.h), a set such as cifar10:FOLDER (data/class_sets.h), or "shapes[:...]" with
// one shape a picture. Pictures come in the order of their paths. Labels are read and the pictures' headers and ends
// looked at, none is decoded. Throws Error{BadInput} naming file and line: nothing found, a class the data does not
// have, no picture left, or (Strict, and of a single picture always) one that would be left out.
std::shared_ptr<const Dataset> openDataset(const std::string& spec, DataSplit split,
                                           DataCheck check = DataCheck::Lenient, LabelKind kind = LabelKind::Boxes);

// Refuses what openDataset would refuse before it looks into a picture or label: names, splits, classes, whether there
// are pictures at the places that are named. Returns the class names, none if nobody named them. Throws Error{BadInput}
// naming file and line.
std::vector<std::string> checkDescription(const std::string& spec, DataSplit split, LabelKind kind = LabelKind::Boxes);

}  // namespace qat
