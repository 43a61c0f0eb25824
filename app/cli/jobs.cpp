// run, sensitivity, layer-error, export and demo: the commands that write run folders and files.
#include <chrono>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cli/box_options.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/config_io.h"
#include "config/export_formats.h"
#include "session/bundled.h"
#include "session/demo.h"
#include "session/export_run.h"
#include "session/session.h"

namespace qat::cli {
namespace {

struct JobOptions {
    std::string config, out, data;
    std::vector<std::string> settings;
    bool resume = false, overrideGate = false;
};

JobRequest requestFrom(const JobOptions& o, JobKind kind) {
    return {o.config, o.out, o.data, parseSettings(o.settings), o.resume, kind, o.overrideGate};
}

void printMetrics(const char* name, const std::optional<Metrics>& metrics) {
    if (!metrics) return;
    std::cout << std::left << std::setw(6) << name << std::fixed;
    for (const Metric& metric : metrics->headlines())
        std::cout << "  " << metric.label << " " << std::setprecision(metric.decimals) << metric.value;
    if (metrics->confidence) std::cout << "  recommended confidence " << std::setprecision(3) << *metrics->confidence;
    std::cout << "\n";
}

int runJob(const JobOptions& o, JobKind kind, CancelToken& cancel) {
    ConsoleSink console;
    JobRequest request = requestFrom(o, kind);
    if (request.out.empty()) request.out = newRunFolder(loadConfig(request.config, request.overrides), request.config);
    const JobOutcome outcome = runPipeline(request, console, cancel);
    if (outcome.status == JobStatus::NotStarted) {
        std::cout << "gate closed: " << outcome.gates.at(0) << "; --override-gate runs it nevertheless\n";
        return kGateFailed;
    }
    printMetrics("FP32", outcome.fp32);
    printMetrics("PTQ", outcome.ptq);
    printMetrics("final", outcome.final);
    for (const auto& gate : outcome.gates) std::cout << "gate failed: " << gate << "\n";
    std::cout << "run folder: " << request.out.string() << "\n";
    if (outcome.status == JobStatus::Cancelled) std::cout << "stopped; go on with --resume\n";
    return outcome.status == JobStatus::Completed    ? kDone
           : outcome.status == JobStatus::GateFailed ? kGateFailed
                                                     : kCancelled;
}

void addJob(CLI::App& app, Context& context, const char* name, const char* help, JobKind kind) {
    const auto o = std::make_shared<JobOptions>();
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("CONFIG", o->config, "qat_config.yaml")->required();
    CLI::Option* out =
        command->add_option("--out", o->out, "Run folder; made in run.output, with the time as its name, if not given");
    command->add_option("--data", o->data, "data.yaml, image list or shapes[:key=value,...], instead of the config's");
    command->add_option("--set", o->settings, "key.path=value, changes one setting")->take_all();
    if (kind == JobKind::Pipeline)
        command->add_flag("--resume", o->resume, "Go on from the folder's last checkpoint")->needs(out);
    if (kind == JobKind::Pipeline)
        command->add_flag("--override-gate", o->overrideGate,
                          "Train a model larger than s although gate.evidence does not show that smaller ones train "
                          "stably; noted in the summary");
    command->callback([&context, o, kind] {
        context.stop = Stop::Job, context.chosen = [&context, o, kind] { return runJob(*o, kind, context.cancel); };
    });
}

int exportFiles(const ExportRequest& request, const CancelToken& cancel) {
    ConsoleSink console;
    bool failed = false;
    for (const ExportedFile& file : exportModel(request, console, cancel)) {
        std::cout << file.format << "  " << file.path.string() << "  " << file.bytes << " bytes\n";
        for (const auto& note : file.notes) std::cout << "  " << note << "\n";
        const bool wrong = file.check.result == CheckResult::Failed;
        std::cout << (wrong ? "gate failed: " : "  ") << file.check.sentence << "\n";
        failed = failed || wrong;
    }
    return failed ? kGateFailed : kDone;
}

int demo(const std::string& model, const std::string& out, CancelToken& cancel) {
    ConsoleSink console;
    const DemoOutcome outcome = runDemo(model, out, console, cancel);
    if (outcome.status == JobStatus::Cancelled) return kCancelled;
    std::cout << "\nshapes, " << outcome.images
              << " validation images, mAP by our evaluator, quantized models on integers\n"
              << std::left << std::setw(12) << "model" << std::right;
    for (const Metric& metric : outcome.rows.at(0).metrics.headlines()) std::cout << std::setw(10) << metric.label;
    std::cout << std::setw(14) << "bytes"
              << "\n";
    for (const DemoRow& row : outcome.rows) {
        std::cout << std::left << std::setw(12) << row.name << std::right << std::fixed;
        for (const Metric& metric : row.metrics.headlines())
            std::cout << std::setprecision(metric.decimals) << std::setw(10) << metric.value;
        std::cout << std::setw(14) << row.bytes << "\n";
    }
    std::cout << std::setprecision(0) << "took " << outcome.seconds << " s; run folder: " << outcome.runFolder.string()
              << "\n";
    return outcome.status == JobStatus::Completed ? kDone : kGateFailed;
}

}  // namespace

void addRun(CLI::App& app, Context& context) {
    addJob(app, context, "run", "The whole job of a configuration: calibrate, evaluate, analyse, train, export",
           JobKind::Pipeline);
    addJob(app, context, "sensitivity", "Quantize one layer at a time and measure what reaches the head",
           JobKind::Sensitivity);
    addJob(app, context, "layer-error", "Quantize everything and measure the error of each layer", JobKind::LayerError);
}

void addExport(CLI::App& app, Context& context) {
    const auto request = std::make_shared<ExportRequest>();
    CLI::App* command = app.add_subcommand("export", "Write a run's model, or a model file, for other programs");
    command->add_option("SOURCE", request->source, "Run folder or model file")->required();
    command->add_option("--format", request->formats, joinedWords(writtenFormatKeys(), ", "))->delimiter(',');
    command->add_option("--out", request->out, "Folder for the files")->required();
    std::map<std::string, ExportOutput> outputs;
    for (size_t i = 0; i < kExportOutputs.size(); ++i) outputs.emplace(kExportOutputs[i], static_cast<ExportOutput>(i));
    command->add_option("--output", request->output, "What files for runtimes give, instead of the run's export.output")
        ->transform(CLI::CheckedTransformer(outputs));
    command->add_flag("--hard-tanh", request->hardTanh, "Write heads with anchors without exponential functions");
    addHeadOption(*command, request->head);
    command->callback([&context, request] {
        context.stop = Stop::BetweenFiles,
        context.chosen = [&context, request] { return exportFiles(*request, context.cancel); };
    });
}

void addDemo(CLI::App& app, Context& context) {
    struct Options {
        std::string model{bundledModels().front().name}, out = "qatelier-demo";
    };
    const auto o = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("demo", "The main job on a bundled detector and drawn shapes; ends in a table");
    command->add_option("--model", o->model, bundledNames())->capture_default_str();
    command->add_option("--out", o->out, "Folder for the runs")->capture_default_str();
    command->callback([&context, o] {
        context.stop = Stop::Job, context.chosen = [&context, o] { return demo(o->model, o->out, context.cancel); };
    });
}

}  // namespace qat::cli
