// qatelier-cli: the whole product without a window.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "base/error.h"
#include "base/outside_error.h"
#include "cli/commands.h"
#include "session/process.h"

namespace {

using qat::cli::Stop;

qat::CancelToken stopToken;
volatile std::sig_atomic_t howToStop = static_cast<int>(Stop::AtOnce);

extern "C" void onSignal(int) {
    const bool again = stopToken.requested();
    const auto how = static_cast<Stop>(howToStop);
    if (how == Stop::AtOnce || (how == Stop::BetweenFiles && again)) _exit(qat::cli::kCancelled);
    stopToken.request(again ? qat::StopLevel::Abandon : qat::StopLevel::FinishBatch);
}

// A lost terminal is a request to stop, unless the program was started not to mind (nohup); a closed pager is none.
void handleSignals() {
    std::signal(SIGINT, onSignal);
    std::signal(SIGTERM, onSignal);
    if (std::signal(SIGHUP, onSignal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
}

int exitFor(qat::ErrorKind kind) {
    switch (kind) {
        case qat::ErrorKind::BadInput:
        case qat::ErrorKind::Unsupported:
        case qat::ErrorKind::Io:
            return qat::cli::kBadInput;
        case qat::ErrorKind::Cancelled:
            return qat::cli::kCancelled;
        case qat::ErrorKind::Internal:
            break;
    }
    return qat::cli::kInternal;
}

// What was printed must have arrived, unless its reader went away.
int finished(int status) {
    std::cout.flush();
    pollfd output{STDOUT_FILENO, POLLOUT, 0};
    const bool closed = ::poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP | POLLNVAL));
    if (std::cout || closed || status != qat::cli::kDone) return status;
    std::cerr << "qatelier-cli: cannot write to standard output\n";
    return qat::cli::kBadInput;
}

int parseAndRun(int argc, char** argv) {
    CLI::App app("Qatelier: quantizes vision models, and shows what that does to them.", "qatelier-cli");
    app.require_subcommand(1);
    app.set_version_flag("--version", QATELIER_VERSION);
    qat::cli::Context context{stopToken, {}};
    for (const auto add : {qat::cli::addInspect, qat::cli::addCheck, qat::cli::addDiff, qat::cli::addSchema,
                           qat::cli::addPredict, qat::cli::addVal, qat::cli::addRun, qat::cli::addMethods,
                           qat::cli::addReport, qat::cli::addExport, qat::cli::addDemo})
        add(app, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        std::cerr << "qatelier-cli: " << error.what() << "\n";
        return qat::cli::kBadInput;
    }
    howToStop = static_cast<int>(context.stop);
    qat::prepareProcess();
    if (const std::string shortage = qat::threadShortage(); !shortage.empty())
        std::cerr << "qatelier-cli: warning: " << shortage << "\n";
    return finished(context.chosen());
}

}  // namespace

int main(int argc, char** argv) {
    handleSignals();
    try {
        return parseAndRun(argc, argv);
    } catch (const std::exception& thrown) {
        const qat::Error error = qat::errorFrom(thrown);
        const bool ours = error.kind() == qat::ErrorKind::Internal && !dynamic_cast<const qat::Error*>(&thrown);
        std::cerr << "qatelier-cli: " << (ours ? "internal error: " : "") << error.what() << std::endl;
        if (dynamic_cast<const std::bad_alloc*>(&thrown))
            _exit(exitFor(error.kind()));  // libraries wait for memory even when they end
        return exitFor(error.kind());
    }
}
