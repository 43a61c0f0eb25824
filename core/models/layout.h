// The layer table of a network, as its family's YAML files and checkpoints write it: rows of modules, and the scales
// that make members of a family out of one table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qat {

inline constexpr int64_t kMostClasses = 100000;  // that a network is built for
inline constexpr int64_t kUsualSide = 640;       // of the pictures of detectors, pixels

struct LayoutArg {
    enum class Kind { None, Number, Text, List };  // flags are the numbers 0 and 1
    Kind kind = Kind::None;
    double number = 0;
    std::string text{};
    std::vector<double> list{};
};

struct LayoutRow {
    std::vector<int64_t> from{-1};  // rows that are read; negative: counted back from this one
    double repeats = 1;             // before scaling
    std::string module;             // Conv, C2f, nn.Upsample without what stands before the dot
    std::vector<LayoutArg> args{};
    std::string name{};  // of what it makes, in the state dict; empty: model. and its number
};

struct LayoutScale {
    std::string name;
    double depth = 1, width = 1;
    double maxChannels = 1e9;
};

struct Layout {
    std::string family, variant;  // yolov8, n; of tables that are no known family's what their file is called
    std::vector<LayoutRow> rows;
    size_t backboneRows = 0;
    LayoutScale scale{};
    int64_t classes = 80, inputChannels = 3;
    int64_t side = kUsualSide;  // of the pictures that it is made for, pixels
    std::string activation{};   // of every Conv, instead of SiLU: nn.ReLU(), torch.nn.LeakyReLU(0.1)
    int64_t regMax = 16;
    bool endToEnd = false;
    std::vector<double> keypoints{};             // how many, and numbers of each
    std::vector<std::vector<double>> anchors{};  // width, height, width, ... in pixels, a list a level (YOLOv5)
    // Of rows that quantize: of the first layer's weights, of weights, of activations, of the last layer's weights.
    // Rows name them in_weight_bit_width, weight_bit_width, act_bit_width and out_weight_bit_width. Empty or four.
    std::vector<int64_t> bitWidths{};
    bool hardTanh = false;               // rows name it use_hardtanh
    std::optional<bool> plainClasses{};  // form of the head's class branch, whatever the rows say
    bool isOwn = false;                  // no member of a known family: the table travels with the weights
};

// Rows in short: "Conv 64 3 2 | C2f 128 T x3 | <-1,6> Concat 1 | <15,18,21> Detect nc", with the sources in angles (the
// row before without), the module, its arguments (numbers, T, F, lists in brackets without blanks, words) and the
// repeats. What a module makes has the name before its colon: "fc:Linear nc".
std::vector<LayoutRow> parseRows(std::string_view text);

// A table as JSON text, as a checkpoint carries it: backbone, head, nc, ch, scales, scale, depth_multiple,
// width_multiple, activation, reg_max, end2end, kpt_shape, anchors, bit_width, use_hardtanh; beyond these imgsz, the
// side of the pictures, and after the arguments of a row the name of what it makes. `scale`: the one to take instead of
// the table's own. Throws Error{BadInput} naming the row or the key.
Layout layoutFromJson(std::string_view json, std::string_view scale = {});

// The same of a YAML file's text. Throws Error{BadInput} naming the line.
Layout layoutFromYaml(std::string_view yaml, std::string_view scale = {});

// Whether it tells classes of pictures, by its last row.
inline bool endsInClasses(const Layout& layout) {
    const std::string& end = layout.rows.back().module;
    return end == "Classify" || end == "Logits";
}

// Text that layoutFromJson() reads as the same table, on one line.
std::string layoutJson(const Layout& layout);

}  // namespace qat
