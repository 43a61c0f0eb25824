// The stage `export`: the weights, and files for other programs.
#include <array>

#include "base/error.h"
#include "export/weights_file.h"
#include "graph/device.h"
#include "session/export_files.h"
#include "session/stages/job_state.h"
#include "session/stages/pass_log.h"
#include "session/stages/stage_table.h"

namespace qat {
namespace {

FileCheck checkOf(const JobState& job, const ExportedFile& file, const Graph& form) {
    if (!job.config.exporting.validate)
        return notChecked("the exported file was not checked: export.validate is false");
    return checkOnnxFile(file.path, form, job.floatModel, job.val, job.config, job.cancel);
}

// A file that a runtime refuses or computes otherwise fails a gate; one that no runtime could be asked about is only
// noted.
void tellFile(JobState& job, ExportedFile file) {
    file.path = file.path.lexically_relative(job.folder.root);
    job.log.log(
        LogLevel::Info, "export",
        str(file.path.generic_string(), ": ", file.bytes, " bytes", file.contents.empty() ? "" : ", " + file.contents));
    for (const auto& note : file.notes) job.log.log(LogLevel::Info, "export", note);
    static constexpr std::array kLevels{LogLevel::Warning, LogLevel::Info, LogLevel::Error};  // by CheckResult
    if (job.config.exporting.validate && findExporter(file.format)->runtime)
        job.log.log(kLevels[static_cast<size_t>(file.check.result)], "export", file.check.sentence);
    if (file.check.result == CheckResult::Failed) job.facts.outcome.gates.push_back(file.check.sentence);
    job.log.exported(file);
    job.facts.exported.push_back(std::move(file));
}

void exportModelFiles(JobState& job) {
    saveWeightsWithGraph(job.folder.weights() / "final.safetensors", job.model);
    std::vector<const Exporter*> exporters;
    for (const auto& format : job.config.exporting.formats) {
        if (const Exporter* exporter = findExporter(format))
            exporters.push_back(exporter);
        else
            job.log.log(LogLevel::Warning, "export", "the format " + format + " is not written by this version");
    }
    const auto check = [&](const ExportedFile& file, const Graph& form) { return checkOf(job, file, form); };
    const auto written = [&](const ExportedFile& file) { tellFile(job, file); };
    const auto prepared = [&](const PassResults& results) { logPasses(job, results); };
    inProcessorMemory({&job.floatModel, &job.model}, [&] {
        exportFiles({job.model, job.config, exporters, job.folder.exports(), check, written, prepared}, job.cancel);
    });
}

}  // namespace

const Stage kExportStage{.name = stages::kExport,
                         .applies = [](const Config&, JobKind kind) { return kind == JobKind::Pipeline; },
                         .reads = JobPart::Data | JobPart::FloatModel | JobPart::Model,
                         .writes = {},
                         .onResume = OnResume::Repeat,
                         .run = exportModelFiles};

}  // namespace qat
