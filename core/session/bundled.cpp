// The assembler copies the files in; their paths come from the build.
#include "session/bundled.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

#define QAT_EMBED(symbol, file)                                                                                \
    asm(".section .rodata\n.balign 64\n.globl " #symbol "\n.hidden " #symbol "\n" #symbol ":\n.incbin \"" file \
        "\"\n.globl " #symbol "End\n.hidden " #symbol "End\n" #symbol "End:\n.byte 0\n.previous\n")

QAT_EMBED(qatShapesModel, QAT_SHAPES_MODEL);
QAT_EMBED(qatDemoConfig, QAT_DEMO_CONFIG);
QAT_EMBED(qatShapes26Model, QAT_SHAPES26_MODEL);
QAT_EMBED(qatDemo26Config, QAT_DEMO26_CONFIG);

extern "C" {
extern const std::byte qatShapesModel[], qatShapesModelEnd[], qatShapes26Model[], qatShapes26ModelEnd[];
extern const char qatDemoConfig[], qatDemoConfigEnd[], qatDemo26Config[], qatDemo26ConfigEnd[];
}

namespace qat {
namespace {

std::string_view text(const char* begin, const char* end) {
    return {begin, static_cast<size_t>(end - begin)};
}

constexpr std::array kBundled{
    BundledModel{"builtin:shapes", [] { return std::span<const std::byte>(qatShapesModel, qatShapesModelEnd); },
                 [] { return text(qatDemoConfig, qatDemoConfigEnd); }},
    BundledModel{"builtin:shapes26", [] { return std::span<const std::byte>(qatShapes26Model, qatShapes26ModelEnd); },
                 [] { return text(qatDemo26Config, qatDemo26ConfigEnd); }},
};

}  // namespace

std::span<const BundledModel> bundledModels() {
    return kBundled;
}

const BundledModel* bundledNamed(std::string_view name) {
    const auto found = std::ranges::find(kBundled, name, &BundledModel::name);
    return found == kBundled.end() ? nullptr : &*found;
}

std::string bundledNames() {
    std::vector<std::string> names;
    for (const BundledModel& model : kBundled) names.emplace_back(model.name);
    return joinedWords(names, " or ");
}

}  // namespace qat
