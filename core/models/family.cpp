// The table, and the walk over it.
#include "models/family.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "models/known_models.h"
#include "models/yolov8.h"
#include "models/yolov8_file.h"

namespace qat {
namespace {

constexpr std::array kFamilies{
    Family{kYolov8, kDetection, detectorPrefix, "model.", recogniseYolov8, [](const FamilySpec& spec, Random* random) {
               return random ? buildYolov8(spec.variant, spec.numClasses, *random)
                             : buildYolov8(spec.variant, spec.numClasses);
           }}};

// of the detectors YOLOv8 (n, s, m, l, x) can be read
std::string readable() {
    std::vector<std::string> names;
    for (const Family& family : kFamilies) {
        const auto& variants = family.names.variants;
        names.push_back(str(family.names.title, " (", joinedWords({variants.begin(), variants.end()}, ", "), ")"));
    }
    return str("of the ", kFamilies.front().task.noun, "s ", joinedWords(names, " and "), " can be read");
}

std::vector<std::string_view> namesOf(const NamedTensors& tensors) {
    std::vector<std::string_view> names;
    for (const auto& [name, tensor] : tensors) names.push_back(name);
    return names;
}

NamedTensors withOwnPrefix(const NamedTensors& tensors, const Family& family) {
    const std::string prefix = family.prefix(namesOf(tensors));
    NamedTensors renamed = tensors;
    if (prefix == family.ownPrefix) return renamed;
    for (auto& [name, tensor] : renamed)
        if (name.starts_with(prefix)) name = str(family.ownPrefix, name.substr(prefix.size()));
    return renamed;
}

}  // namespace

std::span<const Family> families() {
    return kFamilies;
}

const Family& familyNamed(std::string_view architecture) {
    std::vector<std::string> known;
    for (const Family& family : kFamilies) {
        if (family.names.name == architecture) return family;
        known.emplace_back(family.names.name);
    }
    fail(ErrorKind::BadInput, "model.architecture is ", architecture, ", expected ", joinedWords(known, " or "));
}

std::string titleOf(const ModelInfo& info) {
    const auto family =
        std::ranges::find_if(kFamilies, [&](const Family& f) { return f.names.name == info.architecture; });
    return str(family == kFamilies.end() ? std::string_view(info.architecture) : family->names.title, info.variant);
}

std::optional<FamilyMember> memberNamed(std::string_view name) {
    for (const Family& family : kFamilies) {
        const std::string_view own = family.names.name;
        if (name.size() == own.size() + 1 && name.starts_with(own))
            return FamilyMember{&family, {std::string(name.substr(own.size())), 0}};
    }
    return std::nullopt;
}

FamilyMember recognise(NamedTensors& tensors, std::string_view moduleClass) {
    require(!tensors.empty(), ErrorKind::BadInput, "it holds no tensors");
    std::vector<std::string> reasons;
    for (const Family& family : kFamilies) {
        NamedTensors renamed = withOwnPrefix(tensors, family);
        const std::string other = otherModel(namesOf(renamed), moduleClass);
        require(other.empty(), ErrorKind::BadInput, "it holds ", other, "; ", readable());
        const Recognition found = family.recognise(renamed);
        if (found.spec) {
            tensors = std::move(renamed);
            return {&family, *found.spec};
        }
        reasons.push_back(str("no ", family.names.title, " ", family.task.noun, ", since its ", renamed.size(),
                              " tensors (", renamed.front().first, ", ...) have no ", found.missing));
    }
    fail(ErrorKind::BadInput, "it holds ", joinedWords(reasons, " and "), "; ", readable());
}

}  // namespace qat
