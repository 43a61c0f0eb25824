// Two jobs from one bundled configuration: a short one at 8 bits without training, and the whole one at 4 bits.
#include "session/demo.h"

#include "base/error.h"
#include "base/files.h"
#include "session/bundled.h"
#include "session/clock.h"

namespace qat {
namespace {

std::filesystem::path freshFolder(const std::filesystem::path& base) {
    std::filesystem::path folder = base;
    for (int i = 2; std::filesystem::exists(folder); ++i) folder = base.string() + "-" + std::to_string(i);
    return folder;
}

Metrics metrics(const std::optional<Metrics>& measured, const char* what) {
    require(measured.has_value(), ErrorKind::Internal, "the demo did not measure ", what);
    return *measured;
}

}  // namespace

DemoOutcome runDemo(const std::string& model, const std::filesystem::path& folder, EventSink& sink,
                    CancelToken& cancel) {
    const StopWatch watch;
    const BundledModel* bundled = bundledNamed(model);
    require(bundled != nullptr, ErrorKind::BadInput, model, " is not bundled; the demo shows ", bundledNames());
    makeWritableFolder(folder);
    const auto config = folder / "demo.yaml";
    writeFileAtomic(config, bundled->demoConfig());
    JobRequest eight{config, freshFolder(folder / "w8a8"), "", {}, false, JobKind::Pipeline};
    eight.overrides = {{"quantization.weight.bit_width", "8"},
                       {"quantization.activation.bit_width", "8"},
                       {"train_params.epochs", "0"},
                       {"analysis.enabled", "false"}};
    const JobOutcome ptq8 = runPipeline(eight, sink, cancel);
    DemoOutcome demo;
    demo.status = ptq8.status;
    if (ptq8.status == JobStatus::Cancelled) return demo;
    const JobRequest four{config, freshFolder(folder / "w4a4"), "", {}, false, JobKind::Pipeline};
    const JobOutcome qat4 = runPipeline(four, sink, cancel);
    demo.status = qat4.status == JobStatus::Completed ? ptq8.status : qat4.status;
    demo.runFolder = four.out;
    demo.images = qat4.validationImages;
    demo.seconds = watch.seconds();
    if (qat4.status == JobStatus::Cancelled) return demo;
    demo.rows = {{"FP32", metrics(qat4.fp32, "FP32"), qat4.fp32Bytes},
                 {"PTQ W8A8", metrics(ptq8.ptq, "PTQ at 8 bits"), ptq8.quantizedBytes},
                 {"PTQ W4A4", metrics(qat4.ptq, "PTQ at 4 bits"), qat4.quantizedBytes},
                 {"QAT W4A4", metrics(qat4.final, "QAT at 4 bits"), qat4.quantizedBytes}};
    return demo;
}

}  // namespace qat
