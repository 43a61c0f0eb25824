// The commands of qatelier-cli: each registers its options and returns what to run when it was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>

#include "base/cancel.h"

namespace qat::cli {

// Exit statuses of the program.
enum Exit : int { kDone = 0, kInternal = 1, kBadInput = 2, kGateFailed = 3, kCancelled = 130 };

// What all commands share.
struct Context {
    CancelToken& cancel;
    std::function<int()> chosen;  // set by the command that was given
};

void addInspect(CLI::App& app, Context& context);
void addCheck(CLI::App& app, Context& context);
void addDiff(CLI::App& app, Context& context);
void addSchema(CLI::App& app, Context& context);
void addPredict(CLI::App& app, Context& context);
void addVal(CLI::App& app, Context& context);
void addRun(CLI::App& app, Context& context);          // run, sensitivity, layer-error
void addMethods(CLI::App& app, Context& context);
void addReport(CLI::App& app, Context& context);
void addExport(CLI::App& app, Context& context);
void addDemo(CLI::App& app, Context& context);

}  // namespace qat::cli
