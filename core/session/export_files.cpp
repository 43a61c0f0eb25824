// Writing and checking.
#include "session/export_files.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/text.h"
#include "passes/hard_tanh_head.h"
#include "session/code_parity.h"
#include "session/image_feed.h"
#include "session/parity.h"
#include "train/loader_options.h"

namespace qat {
namespace {

constexpr const char* kNoRuntime = "nothing here runs such a file, so it was not checked";
constexpr int64_t kParityImages = 8;  // the runtime takes a third of a second an image

// The first `count` images one by one, as a function that ends with an undefined tensor.
std::function<at::Tensor()> firstImages(const std::shared_ptr<const Dataset>& data, const Config& config,
                                        int64_t count) {
    LoaderOptions options = shuffledOptions(config);
    options.batch = 1;
    options.shuffle = false;
    return feedImages(data, options, count);
}

// The network as files for runtimes have it.
Graph deployedForm(const Graph& model, const Config& config) {
    return config.exporting.hardTanh ? hardTanhForm(model) : model.clone(false);
}

// Files of weights alone give nothing, and hold what every output needs.
ExportOutput givenBy(const ExportTask& task) {
    const bool runs = std::ranges::any_of(task.exporters, [](const Exporter* row) { return row->runtime.has_value(); });
    return runs ? task.config.exporting.output : ExportOutput::Decoded;
}

}  // namespace

std::vector<ExportedFile> exportFiles(const ExportTask& task, const CancelToken& cancel) {
    std::vector<ExportedFile> files;
    if (task.exporters.empty()) return files;
    PassResults passes;
    const Graph prepared =
        prepareForExport(deployedForm(task.model, task.config), task.config.data.imgsz, &passes, givenBy(task));
    task.prepared(passes);
    const ExportSource source{task.model, prepared, task.config.exporting};
    requireExpressible(task.exporters, source);
    for (const Exporter* exporter : task.exporters) {
        cancel.poll();
        const auto path = task.folder / exporter->format().file;
        WrittenFile written = exporter->write(source, path);
        ExportedFile file{std::string(exporter->key), path, written.bytes, std::move(written.notes)};
        file.contents = std::move(written.contents);
        file.check = exporter->runtime ? task.check(file, prepared) : notChecked(kNoRuntime);
        task.written(file);
        files.push_back(std::move(file));
    }
    return files;
}

FileCheck checkOnnxFile(const std::filesystem::path& file, const Graph& form, const Graph& reference,
                        const std::shared_ptr<const Dataset>& validation, const Config& config,
                        const CancelToken& cancel) {
    if (!isUtf8(file.string())) return notChecked("the exported file was not checked: its path is not UTF-8");
    const int64_t limit = config.data.valLimit > 0 ? config.data.valLimit : kParityImages;
    const int64_t count = std::min({kParityImages, limit, validation->size()});
    ParityReport parity = checkParity(taskOf(reference.info), file, form, deployedForm(reference, config),
                                      firstImages(validation, config, count), cancel, config.exporting.output);
    if (!parity.ran || !parity.onIntegers) return parity.check;
    const at::Tensor image = firstImages(validation, config, 1)();
    parity.check.sentence += "; " + compareCodes(form, image, cancel).sentence;
    return parity.check;
}

}  // namespace qat
