// The families of networks that can be built and read, a row each, and finding the one a file or a name means.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/task_words.h"
#include "config/architectures.h"
#include "graph/graph.h"
#include "models/weights.h"

namespace qat {

// A member of a family.
struct FamilySpec {
    std::string variant;
    int64_t numClasses = 0;
};

// The member whose weights some tensors are, or else the tensor without which they are none.
struct Recognition {
    std::optional<FamilySpec> spec;
    std::string missing;
};

struct Family {
    Architecture names;
    TaskWords task;  // what its networks are for
    // What stands before the names of the layers in a file, of a network that is a part of another one too. Throws
    // Error{BadInput} if there are several and nothing says which is meant.
    std::string (*prefix)(const std::vector<std::string_view>& tensors);
    std::string_view ownPrefix;  // what stands there in the names of the graph
    // Throws Error{BadInput} for a member that cannot be: an unknown size, too many classes.
    Recognition (*recognise)(const NamedTensors& tensors);
    // Random weights, or none without random numbers (loadWeights): only constants have tensors then. Throws
    // Error{BadInput} for an unknown variant and numbers of classes that cannot be.
    Graph (*build)(const FamilySpec& spec, Random* random);
};

std::span<const Family> families();

// By the name of its architecture. Throws Error{BadInput} naming the known ones.
const Family& familyNamed(std::string_view architecture);

// YOLOv8n: what sentences call a model; of an unknown architecture its name.
std::string titleOf(const ModelInfo& info);

struct FamilyMember {
    const Family* family = nullptr;
    FamilySpec spec;
};

// yolov8n .. yolov8x, and any other letter there, which building refuses by name; none for other names. The number of
// classes is left at 0.
std::optional<FamilyMember> memberNamed(std::string_view name);

// The family whose weights the tensors are, and their names brought to those of its graph. moduleClass: the Python
// class that was stored, if any. Throws Error{BadInput}, without the file's name, saying what they are instead and what
// can be read.
FamilyMember recognise(NamedTensors& tensors, std::string_view moduleClass);

}  // namespace qat
