// Names of torch's activations.
#include "models/stored_style.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

struct ClassName {
    std::string_view name;
    ActivationKind kind;
};
using enum ActivationKind;
constexpr std::array kActivationClasses{
    ClassName{"SiLU", Silu},
    ClassName{"Swish", Silu},
    ClassName{"ReLU", Relu},
    ClassName{"ReLU6", Relu6},
    ClassName{"LeakyReLU", LeakyRelu},
    ClassName{"Hardswish", Hardswish},
    ClassName{"HardSwish", Hardswish},
    ClassName{"Hardsigmoid", HardSigmoid},
    ClassName{"Hardtanh", HardTanh},
    ClassName{"Sigmoid", Sigmoid},
    ClassName{"Tanh", Tanh},
    ClassName{"GELU", Gelu},
    ClassName{"ELU", Elu},
    ClassName{"Mish", Mish},
};

std::string_view lastPart(std::string_view name) {
    const size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace

std::optional<ActivationKind> activationOfClass(std::string_view className) {
    const auto found = std::ranges::find(kActivationClasses, lastPart(className), &ClassName::name);
    return found == kActivationClasses.end() ? std::nullopt : std::optional(found->kind);
}

std::optional<Activation> activationWritten(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const size_t open = std::min(text.find('('), text.size());
    const auto kind = activationOfClass(text.substr(0, open));
    require(kind.has_value(), ErrorKind::BadInput, "the activation ", inQuotes(text), " is not known");
    Activation activation{*kind};
    const std::string_view rest = text.substr(std::min(open + 1, text.size()));
    const size_t digits = std::min(rest.find_first_of("0123456789."), rest.size());
    const bool negated = digits > 0 && rest[digits - 1] == '-';
    double number = 0;
    const auto [end, error] = std::from_chars(rest.data() + digits, rest.data() + rest.size(), number);
    if (*kind == LeakyRelu && error == std::errc()) activation.slope = negated ? -number : number;
    return activation;
}

}  // namespace qat
