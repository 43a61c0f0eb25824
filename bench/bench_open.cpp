// Milliseconds from a model's name to a graph with its weights: reading the file, building, loading, hashing. With
// random weights there is no file, only the draw.
#include "benches.h"
#include "session/model_source.h"

namespace qat::bench {
namespace {

Contender opening(const std::string& name, const std::string& model) {
    return {name, "", {}, [=] { return [=] { openModel(std::filesystem::path(model)); }; }};
}

}  // namespace

void benchOpen(const Settings& settings, Table& table) {
    compare(settings, {2, 15},
            {opening("open.file", settings.model.empty() ? kBundledModel : settings.model),
             opening("open.random", "yolov8n")},
            table);
}

}  // namespace qat::bench
