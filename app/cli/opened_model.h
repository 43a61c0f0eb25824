// Opening a model for a command that only looks at it or uses it.
#pragma once

#include <c10/core/Device.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "graph/device.h"
#include "session/model_source.h"

namespace qat::cli {

// Says what a run would say: which entries of the file are not used.
inline void noteIgnored(const std::string& model, const std::vector<std::string>& ignored) {
    for (const std::string& entry : ignored)
        std::cerr << "warning: " << model << ": entry " << entry << " is not used\n";
}

// As openModel(), with notes on standard error, with the head that --head and on the device that --device names.
inline OpenedModel openForCommand(const std::string& model, const std::string& device = "cpu",
                                  const std::string& head = std::string(kAutoHead)) {
    const c10::Device home = findDevice(device, "--device");
    OpenedModel opened = openModel(model);
    noteIgnored(opened.source, opened.ignored);
    chooseHead(opened, head, "--head");
    moveTo(opened.graph, home);
    return opened;
}

inline void addDeviceOption(CLI::App& command, std::string& device) {
    command.add_option("--device", device, "What computes: cpu, cuda, cuda:N or auto")->capture_default_str();
}

}  // namespace qat::cli
