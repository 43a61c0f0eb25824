// Builds the metadata texts.
#include "export/onnx_metadata.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/task_words.h"
#include "base/text.h"
#include "export/onnx_names.h"

namespace qat {
namespace {

std::string classNames(const ModelInfo& info) {
    std::string text = "{";
    for (size_t i = 0; i < info.classNames.size(); ++i)
        text += str(i ? ", " : "", i, ": ", quotedText(info.classNames[i]));
    return text + "}";
}

// The double whose shortest digits are those of the float, so that a JSON writer prints no noise digits.
double shortest(float value) {
    std::array<char, 32> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    double read = 0;
    std::from_chars(digits.data(), written.ptr, read);
    return read;
}

}  // namespace

OnnxMetadata modelMetadata(const ModelInfo& info, const Shape& inputShape) {
    int64_t stride = 1;
    for (const int64_t level : info.strides) stride = std::max(stride, level);
    OnnxMetadata entries{{"description", "Qatelier"}, {"version", QATELIER_VERSION}};
    if (!info.architecture.empty()) {
        const bool apart = !info.table.empty() && !info.variant.empty();  // a table's name and its scale
        entries.emplace_back("architecture", str(info.architecture, apart ? "-" : "", info.variant));
    }
    entries.emplace_back("stride", str(stride));
    entries.emplace_back("task", exportedTask(info.task));
    entries.emplace_back("batch", str(inputShape.at(0)));
    entries.emplace_back("imgsz", str("[", inputShape.at(2), ", ", inputShape.at(3), "]"));
    if (!info.classNames.empty()) entries.emplace_back("names", classNames(info));
    return entries;
}

std::string quantParamsJson(const std::vector<QuantRecord>& records) {
    nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
    for (const QuantRecord& record : records) {
        nlohmann::ordered_json scales = nlohmann::ordered_json::array();
        for (const float scale : record.scales) scales.push_back(shortest(scale));
        const int64_t levels = record.qmax - record.qmin + 1;
        tensors.push_back({{"name", record.name},
                           {"kind", record.kind},
                           {"dtype", record.dtype},
                           {"bits", record.bits},
                           {"signed", record.qmin < 0},
                           {"narrow", levels < (int64_t{1} << record.bits)},
                           {"qmin", record.qmin},
                           {"qmax", record.qmax},
                           {"axis", record.axis < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(record.axis)},
                           {"scales", std::move(scales)},
                           {"zero_points", record.zeroPoints}});
    }
    return jsonText(nlohmann::ordered_json{{"format", 1}, {"tensors", std::move(tensors)}});
}

}  // namespace qat
