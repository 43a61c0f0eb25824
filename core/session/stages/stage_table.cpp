// Which stages a job has.
#include "session/stages/stage_table.h"

namespace qat {

std::vector<const Stage*> stagesOf(const Config& config, JobKind kind) {
    std::vector<const Stage*> stages;
    for (const Stage* stage : kStages)
        if (stage->applies(config, kind)) stages.push_back(stage);
    return stages;
}

std::vector<std::string> stageNamesOf(const Config& config, JobKind kind) {
    std::vector<std::string> names;
    for (const Stage* stage : stagesOf(config, kind)) names.emplace_back(stage->name);
    return names;
}

}  // namespace qat
