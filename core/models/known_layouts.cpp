// One text a family, or a member where they differ in more than scale. Checked by the parameter counts that their
// authors publish (tests/models/family_counts_test.cpp).
#include "models/known_layouts.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "models/classifier_layouts.h"

namespace qat {
namespace {

constexpr double kNoLimit = 1e9;

struct Scale {
    std::string_view variant;
    double depth, width, maxChannels;
};
constexpr std::array kScales5{Scale{"n", .33, .25, 1024}, Scale{"s", .33, .50, 1024}, Scale{"m", .67, .75, 1024},
                              Scale{"l", 1, 1, 1024}, Scale{"x", 1.33, 1.25, 1024}};
constexpr std::array kScales5u{Scale{"nu", .33, .25, 1024}, Scale{"su", .33, .50, 1024}, Scale{"mu", .67, .75, 1024},
                               Scale{"lu", 1, 1, 1024}, Scale{"xu", 1.33, 1.25, 1024}};
constexpr std::array kScales8{Scale{"n", .33, .25, 1024}, Scale{"s", .33, .50, 1024}, Scale{"m", .67, .75, 768},
                              Scale{"l", 1, 1, 512}, Scale{"x", 1, 1.25, 512}};
constexpr std::array kScales11{Scale{"n", .50, .25, 1024}, Scale{"s", .50, .50, 1024}, Scale{"m", .50, 1, 512},
                               Scale{"l", 1, 1, 512}, Scale{"x", 1, 1.5, 512}};

constexpr std::string_view kV3Body =
    "Conv 32 3 1 | Conv 64 3 2 | Bottleneck 64 | Conv 128 3 2 | Bottleneck 128 x2 | Conv 256 3 2 | Bottleneck 256 x8 | "
    "Conv 512 3 2 | Bottleneck 512 x8 | Conv 1024 3 2 | Bottleneck 1024 x4";
constexpr std::string_view kV3NeckEnd =
    "Conv 1024 3 1 | Conv 512 1 1 | Conv 1024 3 1 | <-2> Conv 256 1 1 | Upsample None 2 nearest | <-1,8> Concat 1 | "
    "Bottleneck 512 F | Bottleneck 512 F | Conv 256 1 1 | Conv 512 3 1 | <-2> Conv 128 1 1 | Upsample None 2 nearest | "
    "<-1,6> Concat 1 | Bottleneck 256 F | Bottleneck 256 F x2 | <27,22,15> Detect nc";
constexpr std::string_view kV3TinyBody =
    "Conv 16 3 1 | MaxPool2d 2 2 0 | Conv 32 3 1 | MaxPool2d 2 2 0 | Conv 64 3 1 | MaxPool2d 2 2 0 | Conv 128 3 1 | "
    "MaxPool2d 2 2 0 | Conv 256 3 1 | MaxPool2d 2 2 0 | Conv 512 3 1 | ZeroPad2d [0,1,0,1] | MaxPool2d 2 1 0";
constexpr std::string_view kV3TinyHead =
    "Conv 1024 3 1 | Conv 256 1 1 | Conv 512 3 1 | <-2> Conv 128 1 1 | Upsample None 2 nearest | <-1,8> Concat 1 | "
    "Conv 256 3 1 | <19,15> Detect nc";

constexpr std::string_view kV5Body =
    "Conv 64 6 2 2 | Conv 128 3 2 | C3 128 x3 | Conv 256 3 2 | C3 256 x6 | Conv 512 3 2 | C3 512 x9 | Conv 1024 3 2 | "
    "C3 1024 x3 | SPPF 1024 5";
constexpr std::string_view kV5Neck =
    "Conv 512 1 1 | Upsample None 2 nearest | <-1,6> Concat 1 | C3 512 F x3 | Conv 256 1 1 | Upsample None 2 nearest | "
    "<-1,4> Concat 1 | C3 256 F x3 | Conv 256 3 2 | <-1,14> Concat 1 | C3 512 F x3 | Conv 512 3 2 | <-1,10> Concat 1 | "
    "C3 1024 F x3 | <17,20,23> Detect nc";

constexpr std::string_view kV8Body =
    "Conv 64 3 2 | Conv 128 3 2 | C2f 128 T x3 | Conv 256 3 2 | C2f 256 T x6 | Conv 512 3 2 | C2f 512 T x6 | "
    "Conv 1024 3 2 | C2f 1024 T x3 | SPPF 1024 5";
constexpr std::string_view kV8Neck =
    "Upsample None 2 nearest | <-1,6> Concat 1 | C2f 512 x3 | Upsample None 2 nearest | <-1,4> Concat 1 | C2f 256 x3 | "
    "Conv 256 3 2 | <-1,12> Concat 1 | C2f 512 x3 | Conv 512 3 2 | <-1,9> Concat 1 | C2f 1024 x3 | "
    "<15,18,21> Detect nc";

constexpr std::string_view kV9tBody =
    "Conv 16 3 2 | Conv 32 3 2 | ELAN1 32 32 16 | AConv 64 | RepNCSPELAN4 64 64 32 3 | AConv 96 | "
    "RepNCSPELAN4 96 96 48 3 | AConv 128 | RepNCSPELAN4 128 128 64 3 | SPPELAN 128 64";
constexpr std::string_view kV9tNeck =
    "Upsample None 2 nearest | <-1,6> Concat 1 | RepNCSPELAN4 96 96 48 3 | Upsample None 2 nearest | <-1,4> Concat 1 | "
    "RepNCSPELAN4 64 64 32 3 | AConv 48 | <-1,12> Concat 1 | RepNCSPELAN4 96 96 48 3 | AConv 64 | <-1,9> Concat 1 | "
    "RepNCSPELAN4 128 128 64 3 | <15,18,21> Detect nc";
constexpr std::string_view kV9sBody =
    "Conv 32 3 2 | Conv 64 3 2 | ELAN1 64 64 32 | AConv 128 | RepNCSPELAN4 128 128 64 3 | AConv 192 | "
    "RepNCSPELAN4 192 192 96 3 | AConv 256 | RepNCSPELAN4 256 256 128 3 | SPPELAN 256 128";
constexpr std::string_view kV9sNeck =
    "Upsample None 2 nearest | <-1,6> Concat 1 | RepNCSPELAN4 192 192 96 3 | Upsample None 2 nearest | "
    "<-1,4> Concat 1 | RepNCSPELAN4 128 128 64 3 | AConv 96 | <-1,12> Concat 1 | RepNCSPELAN4 192 192 96 3 | AConv 128 "
    "| "
    "<-1,9> Concat 1 | RepNCSPELAN4 256 256 128 3 | <15,18,21> Detect nc";
constexpr std::string_view kV9mBody =
    "Conv 32 3 2 | Conv 64 3 2 | RepNCSPELAN4 128 128 64 1 | AConv 240 | RepNCSPELAN4 240 240 120 1 | AConv 360 | "
    "RepNCSPELAN4 360 360 180 1 | AConv 480 | RepNCSPELAN4 480 480 240 1 | SPPELAN 480 240";
constexpr std::string_view kV9mNeck =
    "Upsample None 2 nearest | <-1,6> Concat 1 | RepNCSPELAN4 360 360 180 1 | Upsample None 2 nearest | "
    "<-1,4> Concat 1 | RepNCSPELAN4 240 240 120 1 | AConv 180 | <-1,12> Concat 1 | RepNCSPELAN4 360 360 180 1 | "
    "AConv 240 | <-1,9> Concat 1 | RepNCSPELAN4 480 480 240 1 | <15,18,21> Detect nc";
constexpr std::string_view kV9cBody =
    "Conv 64 3 2 | Conv 128 3 2 | RepNCSPELAN4 256 128 64 1 | ADown 256 | RepNCSPELAN4 512 256 128 1 | ADown 512 | "
    "RepNCSPELAN4 512 512 256 1 | ADown 512 | RepNCSPELAN4 512 512 256 1 | SPPELAN 512 256";
constexpr std::string_view kV9cNeck =
    "Upsample None 2 nearest | <-1,6> Concat 1 | RepNCSPELAN4 512 512 256 1 | Upsample None 2 nearest | "
    "<-1,4> Concat 1 | RepNCSPELAN4 256 256 128 1 | ADown 256 | <-1,12> Concat 1 | RepNCSPELAN4 512 512 256 1 | "
    "ADown 512 | <-1,9> Concat 1 | RepNCSPELAN4 512 512 256 1 | <15,18,21> Detect nc";
constexpr std::string_view kV9eBody =
    "Identity | Conv 64 3 2 | Conv 128 3 2 | RepNCSPELAN4 256 128 64 2 | ADown 256 | RepNCSPELAN4 512 256 128 2 | "
    "ADown 512 | RepNCSPELAN4 1024 512 256 2 | ADown 1024 | RepNCSPELAN4 1024 512 256 2 | <1> CBLinear [64] | "
    "<3> CBLinear [64,128] | <5> CBLinear [64,128,256] | <7> CBLinear [64,128,256,512] | "
    "<9> CBLinear [64,128,256,512,1024] | <0> Conv 64 3 2 | <10,11,12,13,14,-1> CBFuse [0,0,0,0,0] | Conv 128 3 2 | "
    "<11,12,13,14,-1> CBFuse [1,1,1,1] | RepNCSPELAN4 256 128 64 2 | ADown 256 | <12,13,14,-1> CBFuse [2,2,2] | "
    "RepNCSPELAN4 512 256 128 2 | ADown 512 | <13,14,-1> CBFuse [3,3] | RepNCSPELAN4 1024 512 256 2 | ADown 1024 | "
    "<14,-1> CBFuse [4] | RepNCSPELAN4 1024 512 256 2 | SPPELAN 512 256";
constexpr std::string_view kV9eNeck =
    "Upsample None 2 nearest | <-1,25> Concat 1 | RepNCSPELAN4 512 512 256 2 | Upsample None 2 nearest | "
    "<-1,22> Concat 1 | RepNCSPELAN4 256 256 128 2 | ADown 256 | <-1,32> Concat 1 | RepNCSPELAN4 512 512 256 2 | "
    "ADown 512 | <-1,29> Concat 1 | RepNCSPELAN4 512 1024 512 2 | <35,38,41> Detect nc";

// Of YOLOv10 five places differ: rows 6, 8, 13, 19 and 22.
struct V10 {
    Scale scale;
    std::array<std::string_view, 5> rows;
};
constexpr std::string_view kPlain = "C2f", kCib = "C2fCIB", kLargeKernel = "C2fCIB lk";
constexpr std::array kV10{
    V10{{"n", .33, .25, 1024}, {kPlain, kPlain, kPlain, kPlain, kLargeKernel}},
    V10{{"s", .33, .50, 1024}, {kPlain, kLargeKernel, kPlain, kPlain, kLargeKernel}},
    V10{{"m", .67, .75, 768}, {kPlain, kCib, kPlain, kCib, kCib}},
    V10{{"b", .67, 1, 512}, {kPlain, kCib, kCib, kCib, kCib}},
    V10{{"l", 1, 1, 512}, {kPlain, kCib, kCib, kCib, kCib}},
    V10{{"x", 1, 1.25, 512}, {kCib, kCib, kCib, kCib, kCib}},
};

constexpr std::string_view k11Body =
    "Conv 64 3 2 | Conv 128 3 2 | C3k2 256 F .25 x2 | Conv 256 3 2 | C3k2 512 F .25 x2 | Conv 512 3 2 | C3k2 512 T x2 "
    "| "
    "Conv 1024 3 2 | C3k2 1024 T x2 | SPPF 1024 5 | C2PSA 1024 x2";
constexpr std::string_view k11Neck =
    "Upsample None 2 nearest | <-1,6> Concat 1 | C3k2 512 F x2 | Upsample None 2 nearest | <-1,4> Concat 1 | "
    "C3k2 256 F x2 | Conv 256 3 2 | <-1,13> Concat 1 | C3k2 512 F x2 | Conv 512 3 2 | <-1,10> Concat 1 | "
    "C3k2 1024 T x2 | <16,19,22> Detect nc";
constexpr std::string_view k12Body =
    "Conv 64 3 2 | Conv 128 3 2 | C3k2 256 F .25 x2 | Conv 256 3 2 | C3k2 512 F .25 x2 | Conv 512 3 2 | "
    "A2C2f 512 T 4 x4 | Conv 1024 3 2 | A2C2f 1024 T 1 x4";
constexpr std::string_view k12Neck =
    "Upsample None 2 nearest | <-1,6> Concat 1 | A2C2f 512 F -1 x2 | Upsample None 2 nearest | <-1,4> Concat 1 | "
    "A2C2f 256 F -1 x2 | Conv 256 3 2 | <-1,11> Concat 1 | A2C2f 512 F -1 x2 | Conv 512 3 2 | <-1,8> Concat 1 | "
    "C3k2 1024 T x2 | <14,17,20> Detect nc";
constexpr std::string_view k26Body =
    "Conv 64 3 2 | Conv 128 3 2 | C3k2 256 F .25 x2 | Conv 256 3 2 | C3k2 512 F .25 x2 | Conv 512 3 2 | C3k2 512 T x2 "
    "| "
    "Conv 1024 3 2 | C3k2 1024 T x2 | SPPF 1024 5 3 T | C2PSA 1024 x2";
constexpr std::string_view k26Neck =
    "Upsample None 2 nearest | <-1,6> Concat 1 | C3k2 512 T x2 | Upsample None 2 nearest | <-1,4> Concat 1 | "
    "C3k2 256 T x2 | Conv 256 3 2 | <-1,13> Concat 1 | C3k2 512 T x2 | Conv 512 3 2 | <-1,10> Concat 1 | "
    "C3k2 1024 T .5 T x1 | <16,19,22> Detect nc";

void addRows(Layout& layout, std::string_view rows) {
    for (LayoutRow& row : parseRows(rows)) layout.rows.push_back(std::move(row));
}

Layout joined(std::string_view body, std::string_view neck) {
    Layout layout;
    addRows(layout, body);
    layout.backboneRows = layout.rows.size();
    addRows(layout, neck);
    return layout;
}

const Scale& scaleOf(std::span<const Scale> scales, std::string_view variant) {
    const auto found = std::ranges::find(scales, variant, &Scale::variant);
    ensure(found != scales.end(), "a variant without scale");
    return *found;
}

Layout scaled(Layout layout, const Scale& scale) {
    layout.scale = {std::string(scale.variant), scale.depth, scale.width, scale.maxChannels};
    return layout;
}

Layout yolov3(std::string_view variant) {
    if (variant == "-tinyu") return joined(kV3TinyBody, kV3TinyHead);
    const char* twelfth = variant == "-sppu" ? "SPP 512 [5,9,13]" : "Conv 512 1 1";
    return joined(kV3Body, str("Bottleneck 1024 F | ", twelfth, " | ", kV3NeckEnd));
}

Layout yolov5(std::string_view variant) {
    if (variant.ends_with('u')) return scaled(joined(kV5Body, kV5Neck), scaleOf(kScales5u, variant));
    Layout layout = scaled(joined(kV5Body, kV5Neck), scaleOf(kScales5, variant));
    layout.anchors = {{10, 13, 16, 30, 33, 23}, {30, 61, 62, 45, 59, 119}, {116, 90, 156, 198, 373, 326}};
    return layout;
}

Layout yolov8(std::string_view variant) {
    return scaled(joined(kV8Body, kV8Neck), scaleOf(kScales8, variant));
}

Layout yolov9(std::string_view variant) {
    if (variant == "t") return joined(kV9tBody, kV9tNeck);
    if (variant == "s") return joined(kV9sBody, kV9sNeck);
    if (variant == "m") return joined(kV9mBody, kV9mNeck);
    return variant == "c" ? joined(kV9cBody, kV9cNeck) : joined(kV9eBody, kV9eNeck);
}

Layout yolov10(std::string_view variant) {
    const auto found = std::ranges::find_if(kV10, [&](const V10& member) { return member.scale.variant == variant; });
    ensure(found != kV10.end(), "a variant without rows");
    // The block of a place, its channels, and whether its bottlenecks have a shortcut where they are plain.
    const auto block = [&](size_t place, int channels, bool shortcut) {
        const std::string_view kind = found->rows[place];
        if (kind == kPlain) return str(kind, " ", channels, shortcut ? " T" : "");
        return str("C2fCIB ", channels, " T", kind == kLargeKernel ? " T" : "");
    };
    return scaled(
        joined(
            str("Conv 64 3 2 | Conv 128 3 2 | C2f 128 T x3 | Conv 256 3 2 | C2f 256 T x6 | SCDown 512 3 2 | ",
                block(0, 512, true), " x6 | SCDown 1024 3 2 | ", block(1, 1024, true), " x3 | SPPF 1024 5 | PSA 1024"),
            str("Upsample None 2 nearest | <-1,6> Concat 1 | ", block(2, 512, false),
                " x3 | Upsample None 2 nearest | <-1,4> Concat 1 | C2f 256 x3 | Conv 256 3 2 | <-1,13> Concat 1 | ",
                block(3, 512, false), " x3 | SCDown 512 3 2 | <-1,10> Concat 1 | ", block(4, 1024, false),
                " x3 | <16,19,22> v10Detect nc")),
        found->scale);
}

Layout yolo11(std::string_view variant) {
    return scaled(joined(k11Body, k11Neck), scaleOf(kScales11, variant));
}

Layout yolo12(std::string_view variant) {
    return scaled(joined(k12Body, k12Neck), scaleOf(kScales11, variant));
}

Layout yolo26(std::string_view variant) {
    Layout layout = scaled(joined(k26Body, k26Neck), scaleOf(kScales11, variant));
    layout.regMax = 1, layout.endToEnd = true;
    return layout;
}

// The rows of the backbone but for the pyramid of poolings, and classes of the picture after them.
void classify(Layout& layout) {
    layout.rows.resize(layout.backboneRows);
    std::erase_if(layout.rows, [](const LayoutRow& row) { return row.module == "SPPF"; });
    layout.backboneRows = layout.rows.size();
    addRows(layout, "Classify nc");
    layout.classes = 1000, layout.regMax = 16, layout.endToEnd = false;
}

// The head of a task in the place of Detect. YOLOv8's are published for people and for the 15 classes of DOTA.
void giveTask(Layout& layout, const Architecture& family, std::string_view task) {
    const bool second = family.name == kYolo26.name, first = family.name == kYolov8.name;
    if (task == "cls") {
        if (first) layout.scale.maxChannels = 1024;
        return classify(layout);
    }
    std::string row = "OBB nc 1";
    if (task == "seg") row = "Segment nc 32 256";
    if (task == "pose") row = "Pose nc kpt_shape", layout.keypoints = {17, 3};
    LayoutRow head = parseRows(row).front();
    head.from = layout.rows.back().from;
    if (second) head.module += "26";
    layout.rows.back() = std::move(head);
    if (first && task != "seg") layout.classes = task == "pose" ? 1 : 15;
}

struct Row {
    const Architecture& family;
    Layout (*make)(std::string_view variant);
};
constexpr std::array kRows{Row{kYolov3, yolov3},   Row{kYolov5, yolov5}, Row{kYolov8, yolov8}, Row{kYolov9, yolov9},
                           Row{kYolov10, yolov10}, Row{kYolo11, yolo11}, Row{kYolo12, yolo12}, Row{kYolo26, yolo26}};

Layout yoloLayout(const Architecture& family, std::string_view variant) {
    const auto row = std::ranges::find(kRows, family.name, [](const Row& r) { return r.family.name; });
    ensure(row != kRows.end(), "a family without a table");
    Layout layout = row->make(variantSize(variant));
    if (const std::string_view task = variantTask(variant); !task.empty()) giveTask(layout, family, task);
    return layout;
}

}  // namespace

Layout knownLayout(const Architecture& family, std::string_view variant, int64_t side) {
    const auto& variants = family.variants;
    require(std::ranges::find(variants, variant) != variants.end(), ErrorKind::BadInput, family.title,
            " has no variant ", inQuotes(variant), ": it is one of ",
            joinedWords({variants.begin(), variants.end()}, ", "));
    Layout layout = family.classifies ? classifierLayout(family, variant, side) : yoloLayout(family, variant);
    if (isClassifier(family, variant)) layout.side = side > 0 ? side : usualSide(family, variant);
    layout.family = family.name, layout.variant = variant;
    return layout;
}

}  // namespace qat
