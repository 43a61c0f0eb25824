// What networks are for, by the words that files and sentences use. What a task does stands in task/task.h.
#pragma once

#include <string>
#include <string_view>

namespace qat {

struct TaskWords {
    std::string_view name;      // detection: in graphs and run folders
    std::string_view noun;      // detector: a network of the task
    std::string_view exported;  // detect: in the metadata of exported files, as Ultralytics' have it
};

inline constexpr TaskWords kDetection{"detection", "detector", "detect"},
    kClassification{"classification", "classifier", "classify"};

// A task that nobody here knows is exported under its own name.
inline std::string exportedTask(std::string_view name) {
    for (const TaskWords& words : {kDetection, kClassification})
        if (words.name == name) return std::string(words.exported);
    return std::string(name);
}

}  // namespace qat
