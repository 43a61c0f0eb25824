// Preparing, writing, checking.
#include "session/export_files.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/text.h"
#include "export/onnx_export.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"
#include "session/code_parity.h"
#include "session/image_feed.h"
#include "session/parity.h"
#include "train/loader_options.h"

namespace qat {
namespace {

constexpr int64_t kParityImages = 8;  // the runtime takes a third of a second an image

// The first `count` images one by one, as a function that ends with an undefined tensor.
std::function<at::Tensor()> firstImages(const std::shared_ptr<const Dataset>& data, const Config& config,
                                        int64_t count) {
    LoaderOptions options = shuffledOptions(config);
    options.batch = 1;
    options.shuffle = false;
    return feedImages(data, options, count);
}

}  // namespace

Graph exportForm(const Graph& model, int imgsz) {
    Graph form = model.clone(true);
    foldBatchNorm(form);
    probeShapes(form, {1, 3, imgsz, imgsz});
    return form;
}

ExportedFile writeOnnxFile(const Graph& form, const ExportConfig& how, const std::filesystem::path& folder) {
    OnnxExportOptions options;
    options.path = folder / "model.onnx";
    options.includeMetadata = how.includeMetadata;
    options.includeQuantParams = how.includeQuantParams;
    options.simplify = how.simplify;
    const OnnxExportResult result = exportOnnx(form, options);
    return {"onnx", options.path, result.bytes, result.notes, {}, result.quantizedLayers};
}

FileCheck checkOnnxFile(const std::filesystem::path& file, const Graph& form, const Graph& reference,
                        const std::shared_ptr<const Dataset>& validation, const Config& config,
                        const CancelToken& cancel) {
    FileCheck unchecked;
    unchecked.sentence = "the exported file was not checked: its path is not UTF-8";
    if (!isUtf8(file.string())) return unchecked;
    const int64_t limit = config.data.valLimit > 0 ? config.data.valLimit : kParityImages;
    const int64_t count = std::min({kParityImages, limit, validation->size()});
    ParityReport parity = checkParity(file, form, reference, firstImages(validation, config, count), cancel);
    if (!parity.ran || !parity.onIntegers) return parity.check;
    const at::Tensor image = firstImages(validation, config, 1)();
    parity.check.sentence += "; " + compareCodes(form, image, cancel).sentence;
    return parity.check;
}

}  // namespace qat
