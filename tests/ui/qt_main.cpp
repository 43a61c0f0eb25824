// main() of window tests: an application without a display, settings in a scratch folder.
#include <gtest/gtest.h>

#include <QApplication>
#include <QStandardPaths>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "support/assets.h"

namespace {

// Qt's own screen without a display has 800 x 800 points, and Qt 6.8 shrinks a window that comes back to what it has.
void useWideScreen(const std::filesystem::path& folder) {
    const char* wanted = std::getenv("QT_QPA_PLATFORM");
    if (wanted && std::string_view(wanted) != "offscreen") return;
    const std::filesystem::path file = folder / "screen.json";
    std::ofstream(file) << R"({"screens": [{"name": "wide", "x": 0, "y": 0, "width": 1920, "height": 1080,
                                "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}]})";
    setenv("QT_QPA_PLATFORM", ("offscreen:configfile=" + file.string()).c_str(), 1);
}

}  // namespace

int main(int argc, char** argv) {
    qat::test::ScratchFolder home;
    useWideScreen(home.path());
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
