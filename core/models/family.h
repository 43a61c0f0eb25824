// The families of networks that can be built and read, and finding the one a file or a name means.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/task_words.h"
#include "config/architectures.h"
#include "graph/graph.h"
#include "models/layout.h"
#include "models/weights.h"

namespace qat {

// A member of a family.
struct FamilySpec {
    std::string variant;
    int64_t numClasses = 0;
    int64_t side = 0;  // of its pictures, pixels, by which classifiers differ; 0: the usual one
};

struct Family {
    Architecture names;
    TaskWords task;  // what its networks are for; a member may be for another one (isClassifier)
};

std::span<const Family> families();

// By the name of its architecture. Throws Error{BadInput} naming the known ones.
const Family& familyNamed(std::string_view architecture);

// What a member, or a table of layers with a head of boxes, is for.
TaskWords taskOfMember(std::string_view architecture, std::string_view variant);

// Whether they are one network, though maybe under two names: classifiers of YOLO11 and YOLO26.
bool isSameNetwork(const ModelInfo& info, const Family& family, std::string_view variant);

// YOLOv8n: what sentences call a model; of an unknown architecture its name and scale, yolov8-p2-s.
std::string titleOf(const ModelInfo& info);

struct FamilyMember {
    const Family* family = nullptr;
    FamilySpec spec;
};

// yolov8n, yolov8n-seg, yolov3-tinyu, resnet20, ..., the same as quant_resnet20, and any other letter behind the name
// of a family, which building refuses by name; none for other names. The number of classes is left at 0.
std::optional<FamilyMember> memberNamed(std::string_view name);

// As many classes as the member is published with: 80 of most.
int64_t usualClasses(const FamilyMember& member);

// Random weights, or none without random numbers (loadWeights): only constants have tensors then. Throws
// Error{BadInput} for an unknown variant and numbers of classes that cannot be.
Graph buildMember(const FamilyMember& member, Random* random);

// The table of the network whose weights the tensors are; their names are brought to those of its graph.
// architectureJson: the table that was stored with them, or empty. moduleClass: the Python class that was stored, if
// any. Throws Error{BadInput}, without the file's name, saying what they are instead and what can be read.
Layout recognise(NamedTensors& tensors, std::string_view moduleClass, std::string_view architectureJson = {});

// The tensors of a detector under the names of its graph, model.0...: without what else they were part of. Throws
// Error{BadInput} naming the detectors if there are several.
NamedTensors withOwnPrefix(const NamedTensors& tensors);

// The table of a YAML file's text, with the name of the family and member that it is, or else called after the file.
// Throws Error{BadInput} naming file and line, row or key.
Layout tableOfFile(const std::string& file, std::string_view yaml, std::string_view scale = {});

}  // namespace qat
