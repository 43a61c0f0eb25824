// Opening a model for a command that only looks at it or uses it.
#pragma once

#include <c10/core/Device.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "graph/device.h"
#include "session/model_source.h"

namespace qat::cli {

// What MODEL may be, for the help of commands.
inline constexpr const char* kModelHelp =
    "Checkpoint (.pt, .pth, .th, .safetensors), run folder, builtin:shapes or builtin:shapes26; with random weights a "
    "member of a family "
    "by its name (yolov8n, yolo11s, yolo26n, yolov5nu, yolov3-tinyu, ...) or a table of layers (.yaml)";

// Says what a run would say about the file.
inline void tellNotices(const std::string& model, const std::vector<std::string>& notices) {
    for (const std::string& notice : notices) std::cerr << "warning: " << model << ": " << notice << "\n";
}

// As openModel(), with notes on standard error, with the head that --head and on the device that --device names.
inline OpenedModel openForCommand(const std::string& model, const std::string& device = "cpu",
                                  const std::string& head = std::string(kAutoHead)) {
    const c10::Device home = findDevice(device, "--device");
    OpenedModel opened = openModel(model);
    tellNotices(opened.source, noticesOf(opened));
    chooseHead(opened, head, "--head");
    moveTo(opened.graph, home);
    return opened;
}

inline void addDeviceOption(CLI::App& command, std::string& device) {
    command.add_option("--device", device, "What computes: cpu, cuda, cuda:N or auto")->capture_default_str();
}

}  // namespace qat::cli
