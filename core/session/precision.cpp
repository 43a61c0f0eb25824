// Between names of formats and settings.
#include "session/precision.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>

#include "base/error.h"

namespace qat {
namespace {

constexpr int kMostBits = 16;

std::optional<int> bitsOf(const std::string& digits) {
    int bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size();
    return whole && bits >= 1 && bits <= kMostBits ? std::optional(bits) : std::nullopt;
}

std::string keyOf(const char* tensor, const char* setting) {
    return str("quantization.", tensor, ".", setting);
}

Overrides floats(const std::string& type, std::initializer_list<const char*> tensors) {
    Overrides all;
    for (const char* tensor : tensors) all.emplace_back(keyOf(tensor, "dtype"), type);
    return all;
}

Overrides integers(const char* tensor, const TensorQuantConfig& base, const char* usual, int bits) {
    Overrides all{{keyOf(tensor, "bit_width"), std::to_string(bits)}};
    if (floatBits(base.dtype) > 0) all.emplace_back(keyOf(tensor, "dtype"), usual);
    return all;
}

Overrides joined(Overrides weights, const Overrides& activations) {
    weights.insert(weights.end(), activations.begin(), activations.end());
    return weights;
}

std::string widths(int base, std::set<int> all) {
    all.insert(base);
    std::string text;
    for (const int bits : all) text += (text.empty() ? "" : "-") + std::to_string(bits);
    return text;
}

// fp8, fp8e5m2, fp16; "" of integers.
std::string floatName(DType type) {
    switch (type) {
        case DType::Float8E4m3:
            return "fp8";
        case DType::Float8E5m2:
            return "fp8e5m2";
        case DType::Float16:
            return "fp16";
        default:
            return "";
    }
}

}  // namespace

std::string canonicalPrecision(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name;
}

Overrides precisionOverrides(const std::string& name, const Config& base) {
    const std::string text = canonicalPrecision(name);
    if (text == "fp8") return floats("float8_e4m3", {"weight", "activation"});
    if (text == "fp8e5m2") return floats("float8_e5m2", {"weight", "activation"});
    const size_t a = text.find('a');
    if (text.starts_with('w') && a != std::string::npos) {
        const auto weightBits = bitsOf(text.substr(1, a - 1));
        const std::string rest = text.substr(a + 1);
        const auto activationBits = bitsOf(rest);
        const QuantizationConfig& q = base.quantization;
        if (weightBits && (activationBits || rest == "fp16"))
            return joined(integers("weight", q.weight, "qint8", *weightBits),
                          activationBits ? integers("activation", q.activation, "quint8", *activationBits)
                                         : floats("float16", {"activation"}));
    }
    fail(ErrorKind::BadInput, "precision ", name, " is none of W<bits>A<bits> (1 to ", kMostBits,
         " bits), W<bits>AFP16, FP8, FP8E5M2");
}

std::string precisionName(const Config& config) {
    if (!config.train.quantize) return "fp32";
    const QuantizationConfig& q = config.quantization;
    std::set<int> weights, activations;
    for (const LayerConfig& entry : q.layerConfigs) {
        if (entry.weight.bitWidth) weights.insert(*entry.weight.bitWidth);
        if (entry.activation.bitWidth) activations.insert(*entry.activation.bitWidth);
    }
    const std::string weight = floatName(q.weight.dtype), activation = floatName(q.activation.dtype);
    if (!weight.empty() && weight == activation) return weight;
    return "w" + (weight.empty() ? widths(q.weight.bitWidth, weights) : weight) + "a" +
           (activation.empty() ? widths(q.activation.bitWidth, activations) : activation);
}

}  // namespace qat
