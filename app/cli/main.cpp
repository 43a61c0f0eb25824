// qatelier-cli: the whole product without a window.
#include <csignal>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "cli/commands.h"
#include "session/process.h"

namespace {

qat::CancelToken stopToken;

// First signal: finish the batch and checkpoint. Second: give up the work since the last checkpoint.
extern "C" void onSignal(int) {
    stopToken.request(stopToken.requested() ? qat::StopLevel::Abandon : qat::StopLevel::FinishBatch);
}

int exitFor(qat::ErrorKind kind) {
    switch (kind) {
        case qat::ErrorKind::BadInput:
        case qat::ErrorKind::Unsupported:
        case qat::ErrorKind::Io: return qat::cli::kBadInput;
        case qat::ErrorKind::Cancelled: return qat::cli::kCancelled;
        case qat::ErrorKind::Internal: break;
    }
    return qat::cli::kInternal;
}

int parseAndRun(int argc, char** argv) {
    CLI::App app("Qatelier: quantizes vision models, and shows what that does to them.", "qatelier-cli");
    app.require_subcommand(1);
    app.set_version_flag("--version", QATELIER_VERSION);
    qat::cli::Context context{stopToken, {}};
    for (const auto add : {qat::cli::addInspect, qat::cli::addCheck, qat::cli::addDiff, qat::cli::addSchema, qat::cli::addPredict, qat::cli::addVal, qat::cli::addRun, qat::cli::addMethods, qat::cli::addReport,
                           qat::cli::addExport, qat::cli::addDemo})
        add(app, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        std::cerr << "qatelier-cli: " << error.what() << "\n";
        return qat::cli::kBadInput;
    }
    qat::prepareProcess();
    return context.chosen();
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGINT, onSignal);
    std::signal(SIGTERM, onSignal);
    try {
        return parseAndRun(argc, argv);
    } catch (const qat::Error& error) {
        std::cerr << "qatelier-cli: " << error.what() << "\n";
        return exitFor(error.kind());
    } catch (const std::exception& error) {
        std::cerr << "qatelier-cli: internal error: " << error.what() << "\n";
        return qat::cli::kInternal;
    }
}
