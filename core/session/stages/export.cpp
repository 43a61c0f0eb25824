// The stage `export`: the weights, and files for other programs.
#include <array>

#include "base/error.h"
#include "session/export_files.h"
#include "session/stages/job_state.h"
#include "session/stages/stage_table.h"
#include "train/save_model.h"

namespace qat {
namespace {

// A file that a runtime refuses or computes otherwise fails a gate; one that no runtime could be asked about is only
// noted.
void checkExported(JobState& job, ExportedFile& file, const Graph& form) {
    file.check = checkOnnxFile(file.path, form, job.floatModel, job.val, job.config, job.cancel);
    static constexpr std::array kLevels{LogLevel::Warning, LogLevel::Info, LogLevel::Error};  // by CheckResult
    job.log.log(kLevels[static_cast<size_t>(file.check.result)], "export", file.check.sentence);
    if (file.check.result == CheckResult::Failed) job.facts.outcome.gates.push_back(file.check.sentence);
}

void exportModelFiles(JobState& job) {
    saveModel(job.folder.weights() / "final.safetensors", job.model);
    for (const auto& format : job.config.exporting.formats) {
        job.cancel.poll();
        if (format != "onnx") {
            job.log.log(LogLevel::Warning, "export", "the format " + format + " is not written by this version");
            continue;
        }
        const Graph form = exportForm(job.model, job.config.data.imgsz);
        ExportedFile file = writeOnnxFile(form, job.config.exporting, job.folder.exports());
        job.log.log(LogLevel::Info, "export",
                    str("exports/model.onnx: ", file.bytes, " bytes, ", file.quantizedLayers,
                        " quantized layers, passed checker and shape inference"));
        for (const auto& note : file.notes) job.log.log(LogLevel::Info, "export", note);
        file.check.sentence = "the exported file was not checked: export.validate is false";
        if (job.config.exporting.validate) checkExported(job, file, form);
        file.path = file.path.lexically_relative(job.folder.root);
        job.log.exported(file);
        job.facts.exported.push_back(std::move(file));
    }
}

}  // namespace

const Stage kExportStage{.name = "export",
                         .title = "Export",
                         .applies = [](const Config&, JobKind kind) { return kind == JobKind::Pipeline; },
                         .reads = JobPart::Data | JobPart::FloatModel | JobPart::Model,
                         .writes = {},
                         .onResume = OnResume::Repeat,
                         .run = exportModelFiles};

}  // namespace qat
