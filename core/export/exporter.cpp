// The table of exporters.
#include "export/exporter.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "export/file_output.h"
#include "export/onnx_export.h"
#include "export/qonnx.h"
#include "export/weights_file.h"
#include "run/executor.h"

namespace qat {
namespace {

OnnxExportOptions onnxOptions(const ExportConfig& how) {
    OnnxExportOptions options;
    if (how.output != ExportOutput::Decoded) options.output = kFileOutput;
    if (how.output == ExportOutput::EndToEnd && how.includeMetadata) options.metadata.emplace_back("end2end", "True");
    options.includeMetadata = how.includeMetadata;
    options.includeQuantParams = how.includeQuantParams;
    options.simplify = how.simplify;
    return options;
}

std::vector<std::string> onnxIssuesOf(const ExportSource& source) {
    return onnxIssues(source.prepared, onnxOptions(source.options));
}

WrittenFile writeOnnx(const ExportSource& source, const std::filesystem::path& file) {
    OnnxExportOptions options = onnxOptions(source.options);
    options.path = file;
    OnnxExportResult result = exportOnnx(source.prepared, options);
    return {result.bytes, std::move(result.notes),
            str(result.quantizedLayers, " quantized layers, passed checker and shape inference")};
}

std::vector<std::string> qonnxIssuesOf(const ExportSource& source) {
    return onnxIssues(source.prepared, onnxOptions(source.options), qonnxQuantizers);
}

WrittenFile writeQonnx(const ExportSource& source, const std::filesystem::path& file) {
    OnnxExportOptions options = onnxOptions(source.options);
    options.path = file;
    OnnxExportResult result = exportOnnx(source.prepared, options, qonnxQuantizers);
    return {result.bytes, std::move(result.notes),
            str(result.quantizedLayers,
                " quantized layers, passed checker and shape inference; no runtime here "
                "executes QONNX")};
}

std::vector<std::string> noIssues(const ExportSource&) {
    return {};
}

template <WeightType type>
WrittenFile writeWeights(const ExportSource& source, const std::filesystem::path& file) {
    saveWeights(file, source.stored, type);
    return {static_cast<int64_t>(std::filesystem::file_size(file))};
}

constexpr std::array kExporters{
    Exporter{"onnx", Runtime::OnnxRuntime, onnxIssuesOf, writeOnnx},
    Exporter{"qonnx", std::nullopt, qonnxIssuesOf, writeQonnx},
    Exporter{"safetensors", std::nullopt, noIssues, writeWeights<WeightType::Float32>},
    Exporter{"safetensors16", std::nullopt, noIssues, writeWeights<WeightType::Float16>},
};

}  // namespace

const ExportFormat& Exporter::format() const {
    return *findExportFormat(key);
}

std::span<const Exporter> exporters() {
    return kExporters;
}

const Exporter* findExporter(std::string_view key) {
    const auto found = std::ranges::find(kExporters, key, &Exporter::key);
    return found == kExporters.end() ? nullptr : &*found;
}

std::vector<const Exporter*> exportersOf(std::span<const std::string> formats) {
    std::vector<const Exporter*> wanted;
    for (const std::string& key : formats) {
        wanted.push_back(findExporter(key));
        require(wanted.back() != nullptr, ErrorKind::Unsupported, "the format ", key,
                " is not written by this version, which writes ", joinedWords(writtenFormatKeys(), ", "));
    }
    const std::string shared = sharedExportFile(formats);
    require(shared.empty(), ErrorKind::BadInput, shared, "; take one of them");
    return wanted;
}

std::vector<Runtime> runtimesOf(std::span<const std::string> formats) {
    std::vector<Runtime> runtimes;
    for (const std::string& key : formats) {
        const Exporter* exporter = findExporter(key);
        if (exporter && exporter->runtime && std::ranges::find(runtimes, *exporter->runtime) == runtimes.end())
            runtimes.push_back(*exporter->runtime);
    }
    return runtimes;
}

void requireExpressible(std::span<const Exporter* const> exporters, const ExportSource& source) {
    for (const Exporter* exporter : exporters) {
        const std::vector<std::string> issues = exporter->issues(source);
        require(issues.empty(), ErrorKind::Unsupported, "the model cannot be written as ", exporter->format().name,
                ": ", joinedWords(issues, "; "));
    }
}

Graph prepareForExport(const Graph& model, int imgsz, PassResults* results, ExportOutput output) {
    Graph form = model.clone(false);  // passes give values new tensors
    PassResults done = runPasses(form, kFilePasses);
    if (results) *results = std::move(done);
    probeShapes(form, {1, 3, imgsz, imgsz});
    if (output == ExportOutput::Decoded) return form;
    addFileOutput(form, output);
    probeShapes(form, {1, 3, imgsz, imgsz});
    return form;
}

}  // namespace qat
