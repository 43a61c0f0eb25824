// Models that travel inside the program, each with the job that shows what it is for.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace qat {

// A detector of the drawn shapes.
struct BundledModel {
    std::string_view name;                    // what opens it: builtin:shapes
    std::span<const std::byte> (*weights)();  // a safetensors file
    std::string_view (*demoConfig)();         // the configuration of its demo
};

// The first is the default's.
std::span<const BundledModel> bundledModels();

// Null of a name that is none of theirs.
const BundledModel* bundledNamed(std::string_view name);

// "builtin:shapes or builtin:shapes26"
std::string bundledNames();

}  // namespace qat
