// Locates and reads the shared test assets.
#include "support/assets.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

namespace qat::test {

std::optional<std::filesystem::path> assetsFolder() {
    const char* folder = std::getenv("QATELIER_TEST_ASSETS");
    if (!folder || !*folder) return std::nullopt;
    if (!std::filesystem::is_directory(folder))
        throw std::runtime_error(std::string("QATELIER_TEST_ASSETS names no folder: ") + folder);
    return folder;
}

nlohmann::json readJson(const std::filesystem::path& path) {
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot open " + path.string());
    return nlohmann::json::parse(in);
}

namespace {

template <class T>
std::vector<float> convert(const std::string& bytes, size_t offset, size_t count) {
    if (bytes.size() - offset < count * sizeof(T)) throw std::runtime_error("npy file too short");
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) {
        T value;
        std::memcpy(&value, bytes.data() + offset + i * sizeof(T), sizeof(T));
        values[i] = static_cast<float>(value);
    }
    return values;
}

}  // namespace

NpyArray readNpy(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot open " + path.string());
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const size_t headerLength = static_cast<uint8_t>(bytes.at(8)) + 256u * static_cast<uint8_t>(bytes.at(9));
    const std::string header = bytes.substr(10, headerLength);
    NpyArray array;
    size_t count = 1;
    const std::string shape = header.substr(header.find('(') + 1, header.find(')') - header.find('(') - 1);
    const std::regex number("[0-9]+");
    for (std::sregex_iterator it(shape.begin(), shape.end(), number), end; it != end; ++it) {
        array.shape.push_back(std::stoll(it->str()));
        count *= static_cast<size_t>(array.shape.back());
    }
    const size_t offset = 10 + headerLength;
    if (header.find("<f4") != std::string::npos)
        array.values = convert<float>(bytes, offset, count);
    else if (header.find("|u1") != std::string::npos)
        array.values = convert<uint8_t>(bytes, offset, count);
    else
        throw std::runtime_error("element type of " + path.string() + " is not read");
    return array;
}

ScratchFolder::ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qatelier-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("cannot make a scratch folder");
    m_path = pattern;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

}  // namespace qat::test
