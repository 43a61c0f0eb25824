// Rows in short; names are those of the state dicts that are published.
#include "models/classifier_layouts.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"

namespace qat {
namespace {

// Mean and deviation of red, green and blue in the pictures that networks of ImageNet are published for; those for
// small pictures are trained with them too.
constexpr std::string_view kImageNet = "normalize:Normalize [0.485,0.456,0.406] [0.229,0.224,0.225]";
constexpr std::string_view kPooled = "avgpool:AdaptiveAvgPool2d";

Layout table(std::string_view body, std::string_view head) {
    Layout layout;
    layout.rows = parseRows(body);
    layout.backboneRows = layout.rows.size();
    for (LayoutRow& row : parseRows(head)) layout.rows.push_back(std::move(row));
    return layout;
}

struct ResnetForm {
    std::string_view variant, stage;
    std::array<int, 4> blocks;  // of each stage; three stages: for pictures of 32 pixels
};
constexpr std::array kResnets{
    ResnetForm{"20", "PaddedStage", {3, 3, 3, 0}},       ResnetForm{"32", "PaddedStage", {5, 5, 5, 0}},
    ResnetForm{"44", "PaddedStage", {7, 7, 7, 0}},       ResnetForm{"56", "PaddedStage", {9, 9, 9, 0}},
    ResnetForm{"110", "PaddedStage", {18, 18, 18, 0}},   ResnetForm{"18", "BasicStage", {2, 2, 2, 2}},
    ResnetForm{"34", "BasicStage", {3, 4, 6, 3}},        ResnetForm{"50", "BottleneckStage", {3, 4, 6, 3}},
    ResnetForm{"101", "BottleneckStage", {3, 4, 23, 3}}, ResnetForm{"152", "BottleneckStage", {3, 8, 36, 3}},
};

Layout resnet(std::string_view variant, int64_t side) {
    const auto& form = *std::ranges::find(kResnets, variant, &ResnetForm::variant);
    const bool narrow = form.blocks[3] == 0, small = narrow || side <= kSmallPicture;
    const int first = narrow ? 16 : 64;
    std::string body = str(kImageNet, " | conv1:Conv2d ", first, small ? " 3 1 1" : " 7 2 3",
                           " F | bn1:BatchNorm2d | relu:ReLU", small ? "" : " | maxpool:MaxPool2d 3 2 1");
    for (int i = 0; i < (narrow ? 3 : 4); ++i)
        body += str(" | layer", i + 1, ":", form.stage, " ", first << i, " ", i == 0 ? 1 : 2, " x",
                    form.blocks[static_cast<size_t>(i)]);
    return table(body, str(kPooled, narrow ? " | linear" : " | fc", ":Linear nc | logits:Logits"));
}

// Channels of the convolutions between two poolings.
std::vector<std::vector<int>> vggStages(std::string_view variant) {
    const std::string_view depth = variant.substr(0, 2);
    const size_t late = depth == "19" ? 4 : depth == "16" ? 3 : 2, early = depth == "11" ? 1 : 2;
    return {std::vector<int>(early, 64), std::vector<int>(early, 128), std::vector<int>(late, 256),
            std::vector<int>(late, 512), std::vector<int>(late, 512)};
}

Layout vgg(std::string_view variant, int64_t side) {
    const bool small = side <= kSmallPicture, norms = small || variant.ends_with("_bn");
    std::string body(kImageNet);
    int place = 0;
    for (const std::vector<int>& stage : vggStages(variant)) {
        for (const int channels : stage) {
            body += str(" | features.", place++, ":Conv2d ", channels, " 3 1 1");
            if (norms) body += str(" | features.", place++, ":BatchNorm2d");
            body += str(" | features.", place++, ":ReLU");
        }
        body += str(" | features.", place++, ":MaxPool2d 2 2");
    }
    if (small) return table(body, str(kPooled, " | classifier:Linear nc | logits:Logits"));
    return table(body,
                 "flatten:Flatten 49 | classifier.0:Linear 4096 | classifier.1:ReLU | classifier.3:Linear 4096 | "
                 "classifier.4:ReLU | classifier.6:Linear nc | logits:Logits");
}

Layout mobilenetv1(std::string_view, int64_t side) {
    struct Stage {
        int channels, units;
    };
    constexpr std::array kStages{Stage{64, 1}, Stage{128, 2}, Stage{256, 2}, Stage{512, 6}, Stage{1024, 2}};
    std::string body = str(kImageNet, " | features.init_block:ConvBlock 32 3 ", side <= kSmallPicture ? 1 : 2);
    for (size_t i = 0; i < kStages.size(); ++i)
        for (int unit = 1; unit <= kStages[i].units; ++unit)
            body += str(" | features.stage", i + 1, ".unit", unit, ":SeparableBlock ", kStages[i].channels, " ",
                        i > 0 && unit == 1 ? 2 : 1);
    return table(body, str(kPooled, " | output:Linear nc | logits:Logits"));
}

Layout cnv(std::string_view, int64_t) {
    std::string body = "normalize:Normalize [0.5,0.5,0.5] [0.5,0.5,0.5]";
    int place = 1;  // the first one is the quantizer of the pictures
    for (const int channels : {64, 128, 256})
        for (const bool second : {false, true}) {
            body += str(" | conv_features.", place, ":Conv2d ", channels, " 3 1 0 F T | conv_features.", place + 1,
                        ":BatchNorm2d 1e-4 | conv_features.", place + 2, ":Hardtanh");
            place += 3;
            if (second && channels < 256) body += str(" | conv_features.", place++, ":MaxPool2d 2 2");
        }
    std::string head;
    for (const int first : {0, 3})
        head += str("linear_features.", first, ":Conv2d 512 1 1 0 F T | linear_features.", first + 1,
                    ":BatchNorm2d 1e-4 | linear_features.", first + 2, ":Hardtanh | ");
    head += "linear_features.6:Conv2d nc 1 1 0 F T | linear_features.7:TensorNorm 1e-4 | logits:Logits";
    return table(body, head);
}

struct ClassifierRow {
    const Architecture& family;
    Layout (*make)(std::string_view variant, int64_t side);
};
constexpr std::array kClassifierRows{ClassifierRow{kResnet, resnet}, ClassifierRow{kVgg, vgg},
                                     ClassifierRow{kMobilenetv1, mobilenetv1}, ClassifierRow{kCnv, cnv}};

}  // namespace

Layout classifierLayout(const Architecture& family, std::string_view variant, int64_t side) {
    const auto row =
        std::ranges::find(kClassifierRows, family.name, [](const ClassifierRow& r) { return r.family.name; });
    ensure(row != kClassifierRows.end(), "a family of classifiers without a table");
    const int64_t usual = usualSide(family, variant);
    Layout layout = row->make(variant, side > 0 ? side : usual);
    layout.side = side > 0 ? side : usual;
    layout.classes = usual < 224 ? 10 : 1000;  // that it is published with
    return layout;
}

}  // namespace qat
