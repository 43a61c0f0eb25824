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

// What a request to stop (Ctrl+C, SIGTERM, SIGHUP) does to a command, which then ends with kCancelled. AtOnce: ends it
// where it stands. BetweenFiles: the command polls the token between two pictures or files, a second request ends it at
// once. Job: it polls the token, writes a checkpoint, and a second request gives up the work since the last one.
enum class Stop { AtOnce, BetweenFiles, Job };

// What all commands share.
struct Context {
    CancelToken& cancel;
    std::function<int()> chosen;  // set by the command that was given
    Stop stop = Stop::AtOnce;     // likewise, before it returns from parsing
};

void addInspect(CLI::App& app, Context& context);
void addCheck(CLI::App& app, Context& context);
void addDiff(CLI::App& app, Context& context);
void addSchema(CLI::App& app, Context& context);
void addPredict(CLI::App& app, Context& context);
void addVal(CLI::App& app, Context& context);
void addRun(CLI::App& app, Context& context);  // run, sensitivity, layer-error
void addMethods(CLI::App& app, Context& context);
void addReport(CLI::App& app, Context& context);
void addExport(CLI::App& app, Context& context);
void addDemo(CLI::App& app, Context& context);

}  // namespace qat::cli
