// methods: ways of training side by side, over shared seeds. report: pages about runs.
#include <iostream>
#include <memory>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "report/group_report.h"
#include "report/run_report.h"
#include "report/summary_version.h"
#include "session/methods.h"
#include "session/run_group.h"
#include "session/run_lock.h"

namespace qat::cli {
namespace {

struct Options {
    GroupRequest group;
    std::vector<std::string> settings;
};

int runMethods(const Options& o, CancelToken& cancel) {
    ConsoleSink console;
    GroupRequest request = o.group;
    request.overrides = parseSettings(o.settings);
    const GroupOutcome outcome = runGroup(request, console, cancel);
    if (outcome.status == JobStatus::GateFailed) {
        std::cout << "gate closed: " << outcome.gate << "; --override-gate runs them nevertheless\n";
        return kGateFailed;
    }
    std::cout << groupMarkdown(outcome.rows);
    for (const std::string& failure : outcome.failed) std::cout << "failed: " << failure << "\n";
    std::cout << "group folder: " << request.out.string() << "\n";
    if (outcome.status == JobStatus::Cancelled) {
        std::cout << "stopped; the same command goes on\n";
        return kCancelled;
    }
    return outcome.failed.empty() ? kDone : kGateFailed;
}

// A sentence for the page of a run that has not ended; "" where nothing is known.
std::string whoWorksIn(const std::filesystem::path& run) {
    const RunHolder holder = runHolder(run);
    const std::string process = str("process ", holder.pid, " on ", holder.host);
    switch (holder.state) {
        case RunHolder::State::Nobody:
            return "";
        case RunHolder::State::Gone:
            return "This run has not ended: " + process + " was killed; the run can be resumed.";
        case RunHolder::State::Here:
        case RunHolder::State::Elsewhere:
            break;
    }
    return "This run is still running, in " + process + ".";
}

std::vector<std::filesystem::path> runsIn(const std::filesystem::path& group) {
    std::vector<std::filesystem::path> folders;
    for (const ReportedRun& run : readGroup(group)) folders.push_back(run.folder);
    return folders;
}

void tellNewer(const std::vector<std::filesystem::path>& runs) {
    for (const auto& run : runs)
        if (const SummaryTrouble trouble = summaryTrouble(run); trouble.newer)
            std::cerr << "warning: " << trouble.sentence << "\n";
}

}  // namespace

void addMethods(CLI::App& app, Context& context) {
    const auto o = std::make_shared<Options>();
    o->group.methods = {"baseline", "ema", "ema+qc"};
    o->group.seeds = {0, 1};
    CLI::App* command =
        app.add_subcommand("methods", "Quantize by several methods with the same seeds, and compare them in a table");
    command->add_option("CONFIG", o->group.config, "qat_config.yaml, what all runs have in common")->required();
    command->add_option("--output,--out", o->group.out, "Group folder, with a run folder for each run")->required();
    command
        ->add_option("--methods", o->group.methods,
                     "baseline, or parts joined by +: " + methodPartNames() + " (ptq: without training)")
        ->delimiter(',')
        ->capture_default_str();
    command
        ->add_option("--precisions", o->group.precisions,
                     "Number formats: W4A8, W4AFP16, FP8, FP8E5M2, ..., instead of the config's")
        ->delimiter(',');
    command
        ->add_option("--calibrations", o->group.calibrations,
                     "Calibration methods: minmax, histogram, percentile, entropy, mse, sqnr, instead of the config's")
        ->delimiter(',');
    command->add_option("--seeds", o->group.seeds, "Seeds, the same for every method")
        ->delimiter(',')
        ->capture_default_str();
    command->add_option("--data", o->group.data,
                        "data.yaml, image list or shapes[:key=value,...], instead of the config's");
    command->add_option("--set", o->settings, "key.path=value, changes one setting of all runs")->take_all();
    command->add_flag(
        "--override-gate", o->group.overrideGate,
        "Run models larger than s although the smaller ones are not proven stable; noted in the summaries");
    command->callback([&context, o] {
        context.stop = Stop::Job, context.chosen = [&context, o] { return runMethods(*o, context.cancel); };
    });
}

void addReport(CLI::App& app, Context& context) {
    const auto folder = std::make_shared<std::filesystem::path>();
    CLI::App* command =
        app.add_subcommand("report", "Write report.html for a run, or for a group of runs and each of them");
    command->add_option("RUN", *folder, "Run folder or group folder")->required();
    command->callback([&context, folder] {
        context.chosen = [folder] {
            const bool run = hasSummary(*folder) || isBegun(*folder);
            tellNewer(run ? std::vector{*folder} : runsIn(*folder));
            const auto file = run ? writeRunReport(*folder, whoWorksIn(*folder)) : writeGroupReport(*folder);
            std::cout << file.string() << "\n";
            return int{kDone};
        };
    });
}

}  // namespace qat::cli
