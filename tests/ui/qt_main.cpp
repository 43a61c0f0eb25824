// main() of window tests: an application without a display, settings in a scratch folder.
#include <gtest/gtest.h>

#include <QApplication>
#include <QStandardPaths>
#include <cstdlib>

#include "support/assets.h"

int main(int argc, char** argv) {
    qat::test::ScratchFolder home;
    setenv("QT_QPA_PLATFORM", "offscreen", 0);
    setenv("HOME", home.path().c_str(), 1);
    setenv("XDG_CONFIG_HOME", (home.path() / "config").c_str(), 1);
    setenv("XDG_DATA_HOME", (home.path() / "data").c_str(), 1);
    setenv("XDG_DOCUMENTS_DIR", (home.path() / "documents").c_str(), 1);
    testing::InitGoogleTest(&argc, argv);
    QApplication application(argc, argv);
    QCoreApplication::setOrganizationName(QStringLiteral("Qatelier"));
    QCoreApplication::setApplicationName(QStringLiteral("QatelierTest"));
    return RUN_ALL_TESTS();
}
