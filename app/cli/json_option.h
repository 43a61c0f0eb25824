// The option --json of every command that has one.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string>

namespace qat::cli {

// `file` becomes "-" for standard output by whatever name, which then gets nothing but the JSON.
inline void addJsonOption(CLI::App& command, std::string& file) {
    const auto named = [](const std::string& path) {
        constexpr std::array kNames{"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"};
        return std::ranges::find(kNames, path) != kNames.end() ? std::string("-") : path;
    };
    command.add_option("--json", file, "Write JSON to this file, - for standard output")->transform(named);
}

}  // namespace qat::cli
