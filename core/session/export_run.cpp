// Exporting a run or a model file.
#include "session/export_run.h"

#include "base/error.h"
#include "base/files.h"
#include "report/summary_version.h"
#include "session/data_source.h"
#include "session/export_files.h"
#include "session/machine_room.h"
#include "session/model_source.h"
#include "session/process.h"
#include "session/run_lock.h"
#include "session/run_model.h"
#include "task/task.h"

namespace qat {
namespace {

struct Source {
    Graph graph;
    Config config;  // of the run; of a model file the defaults
    bool run = false;
};

Source openSource(const ExportRequest& request) {
    Source source{.graph = {}, .config = {}, .run = isRunFolder(request.source)};
    OpenedModel opened;
    if (source.run) {
        RunModel run = openRun(request.source);
        opened.graph = std::move(run.graph);
        opened.source = request.source.string();
        source.config = std::move(run.config);
    } else {
        opened = openModel(request.source);
    }
    chooseHead(opened, request.head, "--head");
    source.graph = std::move(opened.graph);
    source.config.exporting.output = request.output.value_or(source.config.exporting.output);
    source.config.exporting.hardTanh |= request.hardTanh;
    return source;
}

// Against the run's own network without quantizers: what it was made from may be gone since.
FileCheck checkOf(const ExportedFile& file, const Source& source, const Graph& form, const CancelToken& cancel) {
    if (!source.run)
        return notChecked("the exported file was not checked: a model file comes without pictures to compare on");
    if (!source.config.exporting.validate)
        return notChecked("the exported file was not checked: export.validate is false");
    try {
        const auto pictures =
            openSplit(source.config.data, source.config.data.valSplit, taskOf(source.graph.info).labels());
        const Graph reference = prepareForExport(floatForm(source.graph), source.config.data.imgsz);
        return checkOnnxFile(file.path, form, reference, pictures, source.config, cancel);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) throw;
        return notChecked(str("the exported file was not checked: ", error.what()));
    }
}

}  // namespace

std::vector<ExportedFile> exportModel(const ExportRequest& request, EventSink& sink, const CancelToken& cancel) {
    prepareProcess();
    const auto formats = request.formats.empty() ? std::vector<std::string>{"onnx"} : request.formats;
    const std::vector<const Exporter*> exporters = exportersOf(formats);
    requireMemoryForJob();
    requireNobodyIn(request.out);
    const Source source = openSource(request);
    if (const std::string trouble = source.run ? summaryTrouble(request.source).sentence : ""; !trouble.empty())
        sink.log(LogLevel::Warning, "export", trouble);
    makeWritableFolder(request.out);
    int64_t done = 0;
    const auto check = [&](const ExportedFile& file, const Graph& form) { return checkOf(file, source, form, cancel); };
    const auto written = [&](const ExportedFile&) {
        sink.progress("export", ++done, static_cast<int64_t>(exporters.size()));
    };
    return exportFiles({source.graph, source.config, exporters, request.out, check, written}, cancel);
}

}  // namespace qat
