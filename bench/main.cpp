// qatelier-bench: how fast the parts are that everything waits for, each against what it should be compared with.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "benches.h"
#include "session/process.h"

namespace {

using namespace qat::bench;

int measureAndReport(const Settings& settings, const std::string& jsonFile) {
    Table table;
    for (const auto bench : {benchTraining, benchInference, benchFakeQuantize, benchChains, benchLoader,
                             benchCalibration, benchCoreset, benchSensitivity, benchMetrics, benchOpen, benchConfig})
        bench(settings, table);
    qat::require(!table.empty(), qat::ErrorKind::BadInput, "no row's name contains what --filter asks for");
    table.print();
    if (!jsonFile.empty()) table.write(jsonFile);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures Qatelier. Ratios are value / baseline, both taken in turns within this run; medians.",
                 "qatelier-bench");
    Settings settings;
    std::string jsonFile;
    app.add_option("--json", jsonFile, "Also write the rows to this file");
    app.add_flag("--quick", settings.quick, "Few repetitions: shows that everything runs, figures are rough");
    app.add_option("--filter", settings.filters, "Only rows whose name contains this text; may be given several times");
    app.add_option("--model", settings.model, "Model file or name (default: yolov8n with random weights)");
    CLI11_PARSE(app, argc, argv);
    try {
        qat::prepareProcess();
        return measureAndReport(settings, jsonFile);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "qatelier-bench: %s\n", error.what());
        return 1;
    }
}
