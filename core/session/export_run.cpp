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
#include "train/save_model.h"

namespace qat {
namespace {

struct Source {
    Graph graph;
    Config config;  // of the run; of a model file the defaults
    bool run = false;
};

Source openSource(const std::filesystem::path& path) {
    if (!isRunFolder(path)) return {openModel(path).graph, {}, false};
    RunModel run = openRun(path);
    return {std::move(run.graph), std::move(run.config), true};
}

// Against the run's own network without quantizers: what it was made from may be gone since.
void check(ExportedFile& file, const Source& source, const Graph& form, const CancelToken& cancel) {
    file.check.sentence = source.run
                              ? "the exported file was not checked: export.validate is false"
                              : "the exported file was not checked: a model file comes without pictures to compare on";
    if (!source.run || !source.config.exporting.validate) return;
    try {
        const auto pictures = openSplit(source.config.data, source.config.data.valSplit);
        const Graph reference = exportForm(floatForm(source.graph), source.config.data.imgsz);
        file.check = checkOnnxFile(file.path, form, reference, pictures, source.config, cancel);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) throw;
        file.check.sentence = str("the exported file was not checked: ", error.what());
    }
}

ExportedFile writeOnnx(const Source& source, const std::filesystem::path& folder, const CancelToken& cancel) {
    const Graph form = exportForm(source.graph, source.config.data.imgsz);
    ExportedFile file = writeOnnxFile(form, source.config.exporting, folder);
    check(file, source, form, cancel);
    return file;
}

ExportedFile writeWeights(const Source& source, const std::filesystem::path& folder, const std::string& format) {
    const auto path = folder / "model.safetensors";
    saveModel(path, source.graph, format == "safetensors16");
    ExportedFile file{format, path, static_cast<int64_t>(std::filesystem::file_size(path)), {}};
    file.check.sentence = "nothing runs a file of weights alone, so it was not checked";
    return file;
}

}  // namespace

std::vector<ExportedFile> exportModel(const ExportRequest& request, EventSink& sink, const CancelToken& cancel) {
    prepareProcess();
    const auto formats = request.formats.empty() ? std::vector<std::string>{"onnx"} : request.formats;
    for (const auto& format : formats)
        require(format == "onnx" || format == "safetensors" || format == "safetensors16", ErrorKind::Unsupported,
                "the format ", format, " is not written by this version; onnx, safetensors and safetensors16 are");
    requireMemoryForJob();
    requireNobodyIn(request.out);
    const Source source = openSource(request.source);
    if (const std::string trouble = source.run ? summaryTrouble(request.source).sentence : ""; !trouble.empty())
        sink.log(LogLevel::Warning, "export", trouble);
    makeWritableFolder(request.out);
    std::vector<ExportedFile> files;
    for (const auto& format : formats) {
        cancel.poll();
        files.push_back(format == "onnx" ? writeOnnx(source, request.out, cancel)
                                         : writeWeights(source, request.out, format));
        sink.progress("export", static_cast<int64_t>(files.size()), static_cast<int64_t>(formats.size()));
    }
    return files;
}

}  // namespace qat
