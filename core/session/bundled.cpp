// The assembler copies the files in; their paths come from the build.
#include "session/bundled.h"

#define QAT_EMBED(symbol, file)                                                                                \
    asm(".section .rodata\n.balign 64\n.globl " #symbol "\n.hidden " #symbol "\n" #symbol ":\n.incbin \"" file \
        "\"\n.globl " #symbol "End\n.hidden " #symbol "End\n" #symbol "End:\n.byte 0\n.previous\n")

QAT_EMBED(qatShapesModel, QAT_SHAPES_MODEL);
QAT_EMBED(qatDemoConfig, QAT_DEMO_CONFIG);

extern "C" {
extern const std::byte qatShapesModel[], qatShapesModelEnd[];
extern const char qatDemoConfig[], qatDemoConfigEnd[];
}

namespace qat {

std::span<const std::byte> bundledShapesModel() {
    return {qatShapesModel, qatShapesModelEnd};
}
std::string_view bundledDemoConfig() {
    return {qatDemoConfig, static_cast<size_t>(qatDemoConfigEnd - qatDemoConfig)};
}

}  // namespace qat
