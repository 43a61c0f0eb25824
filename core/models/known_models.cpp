// A table of what only one family has in its names.
#include "models/known_models.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

using Names = std::vector<std::string_view>;

// The first row that fits decides: later families keep parts of earlier ones. `also` is another part of a name that
// must be there, in any tensor.
struct Mark {
    std::string_view part, also;
    const char* model;
};
constexpr std::array kMarks{
    Mark{"model.22.cv4.0.logit_scale", "", "a YOLO-World detector"},
    Mark{"model.22.cv4.0.norm.", "", "a YOLO-World detector"},
    Mark{"model.24.proto.cv1.conv.weight", "model.24.m.0.weight", "a YOLOv5 network for masks"},
    Mark{"model.105.m.0.weight", "", "a YOLOv7 detector"},
    Mark{"model.77.m.0.weight", "", "a YOLOv7 detector"},
    Mark{"model.33.m.0.weight", "", "a YOLOv5 detector"},
    Mark{"model.28.m.0.weight", "", "a YOLOv3 detector"},
    Mark{"denoising_class_embed", "", "an RT-DETR detector"},
    Mark{"decoder.denoising", "", "an RT-DETR detector"},
    Mark{"dec_score_head", "", "an RT-DETR detector"},
    Mark{"transformer.decoder.layers.", "class_embed.", "a DETR detector"},
    Mark{"backbone.backbone.stem.conv.conv.weight", "", "a YOLOX detector"},
    Mark{"head.cls_preds.0.weight", "", "a YOLOX detector"},
    Mark{"heads.head1.", "", "a YOLO-NAS detector"},
    Mark{"detect.cls_preds.0.weight", "", "a YOLOv6 detector"},
    Mark{"roi_heads.", "", "a Faster R-CNN detector"},
    Mark{"head.classification_head.", "", "a torchvision detector"},
    Mark{"features.0.", "classifier.", "a torchvision classifier"},
    Mark{"encoder.layer.0.attention.", "", "a transformer"},
    Mark{"blocks.0.attn.qkv.weight", "", "a vision transformer"},
};

// Classes of networks with other tasks; their detectors' parts alone would look right.
constexpr std::array<std::pair<std::string_view, const char*>, 2> kClasses{{
    {"RTDETRDetectionModel", "an RT-DETR detector"},
    {"WorldModel", "a YOLO-World detector"},
}};

bool anyHolds(const Names& names, std::string_view part) {
    return std::ranges::any_of(names, [&](std::string_view name) { return name.find(part) != std::string_view::npos; });
}

// What stands before the first convolution of a detector, row 0 or, behind an identity, row 1; a null view of others.
std::string_view prefixBefore(std::string_view name) {
    for (const std::string_view first : {"0.conv.weight", "1.conv.weight"})
        if (name.ends_with(first)) return name.substr(0, name.size() - first.size());
    return {};
}

// 22.cv3.0.2.weight, 24.m.0.weight: the last layers of heads.
bool endsHead(std::string_view name) {
    const size_t dot = name.find('.');
    if (dot == std::string_view::npos || name.find_first_not_of("0123456789") != dot) return false;
    const std::string_view rest = name.substr(dot + 1);
    return rest == "cv3.0.2.weight" || rest == "one2one_cv3.0.2.weight" || rest == "m.0.weight" ||
           rest == "linear.weight";
}

}  // namespace

std::string detectorPrefix(const Names& names) {
    Names found;
    for (const std::string_view name : names) {
        const std::string_view prefix = prefixBefore(name);
        const bool whole = prefix.data() && (prefix.empty() || prefix.ends_with('.'));
        const auto isHead = [&](std::string_view other) {
            return other.starts_with(prefix) && endsHead(other.substr(prefix.size()));
        };
        const bool known = std::ranges::find(found, prefix) != found.end();
        if (whole && !known && std::ranges::any_of(names, isHead)) found.push_back(prefix);
    }
    if (found.empty() || std::ranges::find(found, "model.") != found.end()) return "model.";
    if (found.size() == 1) return std::string(found[0]);
    Names averaged;
    std::ranges::copy_if(found, std::back_inserter(averaged),
                         [](std::string_view prefix) { return prefix.find("ema") != std::string_view::npos; });
    require(averaged.size() == 1, ErrorKind::BadInput, "it holds ", found.size(), " detectors, ",
            joinedWords({found.begin(), found.end()}, " and "), ", and nothing says which is meant");
    return std::string(averaged[0]);
}

std::string otherModel(const Names& names, std::string_view moduleClass) {
    for (const auto& [name, model] : kClasses)
        if (moduleClass.ends_with(name)) return model;
    for (const Mark& mark : kMarks)
        if (anyHolds(names, mark.part) && (mark.also.empty() || anyHolds(names, mark.also))) return mark.model;
    return "";
}

}  // namespace qat
