// Exporting a run or a model file.
#include "session/export_run.h"

#include "base/error.h"
#include "base/files.h"
#include "export/onnx_export.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"
#include "session/machine_room.h"
#include "session/model_source.h"
#include "session/process.h"
#include "session/run_lock.h"
#include "train/save_model.h"

namespace qat {
namespace {

struct Source {
    Graph graph;
    int imgsz = 640;
};

Source openSource(const std::filesystem::path& path) {
    if (!isRunFolder(path)) return {openModel(path).graph, 640};
    RunModel run = openRun(path);
    return {std::move(run.graph), run.config.data.imgsz};
}

ExportedFile writeOnnx(Source& source, const std::filesystem::path& folder) {
    foldBatchNorm(source.graph);
    probeShapes(source.graph, {1, 3, source.imgsz, source.imgsz});
    OnnxExportOptions options;
    options.path = folder / "model.onnx";
    const OnnxExportResult result = exportOnnx(source.graph, options);
    return {"onnx", options.path, result.bytes, result.notes};
}

ExportedFile writeWeights(const Source& source, const std::filesystem::path& folder, const std::string& format) {
    const auto path = folder / "model.safetensors";
    saveModel(path, source.graph, format == "safetensors16");
    return {format, path, static_cast<int64_t>(std::filesystem::file_size(path)), {}};
}

}  // namespace

std::vector<ExportedFile> exportModel(const ExportRequest& request, EventSink& sink, const CancelToken& cancel) {
    prepareProcess();
    const auto formats = request.formats.empty() ? std::vector<std::string>{"onnx"} : request.formats;
    for (const auto& format : formats)
        require(format == "onnx" || format == "safetensors" || format == "safetensors16", ErrorKind::Unsupported, "the format ", format,
                " is not written by this version; onnx, safetensors and safetensors16 are");
    requireMemoryForJob();
    requireNobodyIn(request.out);
    const Source source = openSource(request.source);
    makeWritableFolder(request.out);
    std::vector<ExportedFile> files;
    for (const auto& format : formats) {
        cancel.poll();
        Source copy{source.graph.clone(true), source.imgsz};
        files.push_back(format == "onnx" ? writeOnnx(copy, request.out) : writeWeights(copy, request.out, format));
        sink.progress("export", static_cast<int64_t>(files.size()), static_cast<int64_t>(formats.size()));
    }
    return files;
}

}  // namespace qat
