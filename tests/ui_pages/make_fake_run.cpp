// Writes a made-up run folder to look at: qat_make_fake_run FOLDER [EPOCHS_DONE].
#include <QGuiApplication>
#include <cstdio>
#include <cstdlib>

#include "ui_pages/fake_run.h"

int main(int argc, char** argv) {
    if (argc < 2) return std::fputs("usage: qat_make_fake_run FOLDER [EPOCHS_DONE]\n", stderr), 2;
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    QGuiApplication application(argc, argv);
    qat::test::FakeRunOptions options;
    if (argc > 2) options.epochsDone = std::atoi(argv[2]);
    options.ended = options.epochsDone >= options.epochs;
    qat::test::writeFakeRun(argv[1], options);
    return 0;
}
