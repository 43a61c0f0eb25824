// The tasks there are.
#include "task/task.h"

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "task/classify_task.h"
#include "task/detect_task.h"

namespace qat {

const Task& taskNamed(std::string_view name) {
    static const DetectTask detection;
    static const ClassifyTask classification;
    static const std::array<const Task*, 2> tasks{&detection, &classification};
    for (const Task* task : tasks)
        if (task->name() == name) return *task;
    std::vector<std::string> known;
    for (const Task* task : tasks) known.push_back(task->name());
    fail(ErrorKind::Unsupported, "networks for ", name, " can neither be measured nor trained, only those for ",
         joinedWords(known, " and "));
}

const Task& taskOf(const ModelInfo& model) {
    return taskNamed(model.task);
}

}  // namespace qat
