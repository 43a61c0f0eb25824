// The families' names, and from tensors or a stored table to the one that is built.
#include "models/family.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "config/table_name.h"
#include "config/variant_words.h"
#include "models/detector.h"
#include "models/known_layouts.h"
#include "models/known_models.h"
#include "models/modules.h"
#include "models/recognise.h"
#include "models/recognise_classifier.h"

namespace qat {
namespace {

constexpr std::string_view kOwnPrefix = "model.";

constexpr auto kFamilies = [] {
    std::array<Family, kArchitectures.size()> families{};
    for (size_t i = 0; i < families.size(); ++i)
        families[i] = {kArchitectures[i], kArchitectures[i].classifies ? kClassification : kDetection};
    return families;
}();

// YOLOv8 (n, s, m, l, x, also -seg, -pose, -obb, -cls), ...
std::string familiesFor(const TaskWords& task) {
    std::vector<std::string> names;
    for (const Family& family : kFamilies) {
        if (family.task.name != task.name) continue;
        const auto [sizes, tasks] = variantWords(family.names);
        const std::string members = joinedWords(sizes, ", ");
        names.push_back(str(family.names.title, members.empty() ? "" : str(" (", members),
                            tasks.empty() ? "" : ", also ", joinedWords(tasks, ", "), members.empty() ? "" : ")"));
    }
    return joinedWords(names, ", ");
}

// of the detectors ... and the classifiers ... can be read
std::string readable() {
    return str("of the ", kDetection.noun, "s ", familiesFor(kDetection), " and the ", kClassification.noun, "s ",
               familiesFor(kClassification), " can be read");
}

std::vector<std::string_view> namesOf(const NamedTensors& tensors) {
    std::vector<std::string_view> names;
    for (const auto& [name, tensor] : tensors) names.push_back(name);
    return names;
}

bool sameRow(const LayoutRow& a, const LayoutRow& b) {
    const auto sameArg = [](const LayoutArg& x, const LayoutArg& y) {
        return x.kind == y.kind && x.number == y.number && x.text == y.text && x.list == y.list;
    };
    if (a.from != b.from || a.repeats != b.repeats || a.module != b.module || a.name != b.name) return false;
    if (a.module.ends_with("Detect")) return true;
    const ModuleRow* module = moduleNamed(a.module);  // heads begin with the classes, which may be told in numbers
    const size_t first = module && module->kind == ModuleKind::Head ? 1 : 0;
    return a.args.size() == b.args.size() &&
           std::equal(a.args.begin() + static_cast<std::ptrdiff_t>(std::min(first, a.args.size())), a.args.end(),
                      b.args.begin() + static_cast<std::ptrdiff_t>(std::min(first, b.args.size())), b.args.end(),
                      sameArg);
}

// The cap on channels as far as it bites: tables of YOLOv5 name none, and no row of theirs would reach one.
double effectiveCap(const Layout& layout) {
    double widest = 0;
    for (const LayoutRow& row : layout.rows)
        for (const LayoutArg& arg : row.args) widest = std::max(widest, arg.number);
    return std::min(layout.scale.maxChannels, widest);
}

bool sameNetwork(const Layout& a, const Layout& b) {
    return a.scale.depth == b.scale.depth && a.scale.width == b.scale.width && a.anchors == b.anchors &&
           a.activation == b.activation && std::ranges::equal(a.rows, b.rows, sameRow) &&
           effectiveCap(a) == effectiveCap(b);
}

void nameTable(Layout& layout) {
    for (const Architecture& family : kArchitectures)
        for (const std::string_view variant : family.variants) {
            const Layout known = knownLayout(family, variant);
            if (!sameNetwork(known, layout)) continue;
            layout.family = family.name, layout.variant = variant, layout.side = known.side;
            return;
        }
    layout.family = tableWord(layout.family), layout.variant = layout.scale.name, layout.isOwn = true;
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

TaskWords taskOfMember(std::string_view architecture, std::string_view variant) {
    if (namesTable(architecture)) return kDetection;
    return isClassifier(familyNamed(architecture).names, variant) ? kClassification : kDetection;
}

std::string titleOf(const ModelInfo& info) {
    const auto family =
        std::ranges::find_if(kFamilies, [&](const Family& f) { return f.names.name == info.architecture; });
    if (family != kFamilies.end()) return str(family->names.title, info.variant);
    return str(info.architecture, info.variant.empty() ? "" : "-", info.variant);
}

bool isSameNetwork(const ModelInfo& info, const Family& family, std::string_view variant) {
    if (info.architecture == family.names.name && info.variant == variant) return true;
    const auto known = std::ranges::find(kArchitectures, info.architecture, &Architecture::name);
    const auto has = [](const Architecture& names, std::string_view member) {
        return std::ranges::find(names.variants, member) != names.variants.end();
    };
    return known != kArchitectures.end() && has(*known, info.variant) && has(family.names, variant) &&
           sameNetwork(knownLayout(*known, info.variant), knownLayout(family.names, variant));
}

std::optional<FamilyMember> memberNamed(std::string_view name) {
    if (name.starts_with(kQuantizedTwin)) name.remove_prefix(kQuantizedTwin.size());
    for (const Family& family : kFamilies) {
        const std::string_view own = family.names.name;
        if (!name.starts_with(own)) continue;
        const std::string_view variant = name.substr(own.size());
        const bool known = std::ranges::find(family.names.variants, variant) != family.names.variants.end();
        const bool letter = !family.names.classifies && variant.size() == 1 &&
                            std::isalpha(static_cast<unsigned char>(variant.front()));
        if (known || letter) return FamilyMember{&family, {std::string(variant), 0}};
    }
    return std::nullopt;
}

int64_t usualClasses(const FamilyMember& member) {
    return knownLayout(member.family->names, member.spec.variant).classes;
}

Graph buildMember(const FamilyMember& member, Random* random) {
    Layout layout = knownLayout(member.family->names, member.spec.variant, member.spec.side);
    layout.classes = member.spec.numClasses;
    return buildDetector(layout, random);
}

Layout tableOfFile(const std::string& file, std::string_view yaml, std::string_view scale) {
    try {
        Layout layout = layoutFromYaml(yaml, scale);
        layout.family = file;
        nameTable(layout);
        return layout;
    } catch (const Error& error) {
        fail(error.kind(), file, ": ", error.what());
    }
}

NamedTensors withOwnPrefix(const NamedTensors& tensors) {
    const std::string prefix = detectorPrefix(namesOf(tensors));
    NamedTensors renamed = tensors;
    if (prefix == kOwnPrefix) return renamed;
    for (auto& [name, tensor] : renamed)
        if (name.starts_with(prefix)) name = str(kOwnPrefix, name.substr(prefix.size()));
    return renamed;
}

Layout recognise(NamedTensors& tensors, std::string_view moduleClass, std::string_view architectureJson) {
    require(!tensors.empty(), ErrorKind::BadInput, "it holds no tensors");
    NamedTensors renamed = withOwnPrefix(tensors);
    if (architectureJson.empty())
        if (auto classifier = recogniseClassifier(renamed)) {
            tensors = std::move(renamed);
            return std::move(*classifier);
        }
    const std::string other = otherModel(namesOf(renamed), moduleClass);
    require(other.empty(), ErrorKind::BadInput, "it holds ", other, "; ", readable());
    if (!architectureJson.empty()) {
        Layout layout = layoutFromJson(architectureJson);
        nameTable(layout);
        takeHeadFrom(renamed, layout);
        tensors = std::move(renamed);
        return layout;
    }
    Recognition found = recogniseLayout(renamed);
    require(found.layout.has_value(), ErrorKind::BadInput, "it holds no network that is known, since its ",
            renamed.size(), " tensors (", renamed.front().first, ", ...) have no ", found.missing, "; ", readable());
    tensors = std::move(renamed);
    return std::move(*found.layout);
}

}  // namespace qat
