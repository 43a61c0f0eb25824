#include "cli/hardware_form.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "graph/device.h"
#include "import/npy.h"
#include "passes/hard_tanh_head.h"

namespace qat::cli {
namespace {

std::unique_ptr<HostSide> hostOf(const Graph& graph, const FormChoice& choice, bool precise) {
    require(deviceOf(graph).is_cpu(), ErrorKind::BadInput, "--form host computes on the processor, so --device is cpu");
    std::optional<at::Tensor> scale;
    if (!choice.scale.empty()) scale = readNpyFile(choice.scale);
    try {
        return std::make_unique<HostSide>(graph, std::move(scale), precise);
    } catch (const Error& error) {
        fail(error.kind(), choice.scale.empty() ? "--form host" : choice.scale, ": ", error.what());
    }
}

}  // namespace

void addFormOptions(CLI::App& command, FormChoice& choice) {
    CLI::Option* form = command.add_option(
        "--form", choice.form,
        "The network as it is; with hard_tanh its head's sigmoids are straight lines; host does what "
        "stands beside an accelerator: bytes in, bytes out, times the scale, boxes of these");
    form->capture_default_str()->check(CLI::IsMember({kOwnForm, kHardTanhForm, kHostForm}));
    command
        .add_option("--scale", choice.scale, "With --form host: the file scale.npy, instead of the model's own scale")
        ->needs(form);
}

std::unique_ptr<HostSide> takeForm(Graph& graph, const FormChoice& choice, bool precise) {
    require(choice.scale.empty() || choice.form == kHostForm, ErrorKind::BadInput, "--scale belongs to --form host");
    if (choice.form == kHostForm) return hostOf(graph, choice, precise);
    if (choice.form == kOwnForm) return nullptr;
    const std::string trouble = hardTanhTrouble(graph);
    require(trouble.empty(), ErrorKind::BadInput, "--form hard_tanh: ", trouble);
    switchToHardTanh(graph);
    return nullptr;
}

}  // namespace qat::cli
