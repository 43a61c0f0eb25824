// The shared test assets (real checkpoint, images, goldens), found only through QATELIER_TEST_ASSETS.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace qat::test {

// The folder, or nothing when the variable is unset. A set variable that names no folder fails loudly.
std::optional<std::filesystem::path> assetsFolder();

nlohmann::json readJson(const std::filesystem::path& path);

// Contents of a version 1 .npy file in C order; integers and uint8 are converted to float exactly.
struct NpyArray {
    std::vector<int64_t> shape;
    std::vector<float> values;
};
NpyArray readNpy(const std::filesystem::path& path);

// A fresh folder under the system's temporary one, removed with the object.
class ScratchFolder {
public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
};

}  // namespace qat::test

// First line of a test that needs the assets: binds the folder to `name`, or says what is left out and skips.
#define QAT_REQUIRE_ASSETS(name)                                                                                    \
    const auto name##Found = qat::test::assetsFolder();                                                             \
    if (!name##Found) GTEST_SKIP() << "left out: QATELIER_TEST_ASSETS is unset, this test needs the shared assets"; \
    const std::filesystem::path& name = *name##Found
