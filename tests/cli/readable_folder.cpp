// One reader for every kind of file.
#include "cli/readable_folder.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "data/image_file.h"
#include "export/read_onnx.h"
#include "graph/graph.h"
#include "import/safetensors.h"
#include "report/tensorboard_file.h"

namespace qat::test {
namespace {

void readTable(const std::filesystem::path& file) {
    std::istringstream text(readFile(file));
    std::ptrdiff_t columns = -1;
    for (std::string line; std::getline(text, line);) {
        const std::ptrdiff_t commas = std::ranges::count(line, ',');
        require(columns < 0 || commas == columns, ErrorKind::BadInput, "a row of ", commas + 1, " columns: ", line);
        for (std::istringstream row(columns < 0 ? "" : line); std::getline(row, line, ',');) std::stod(line);
        columns = commas;
    }
}

void readEventLines(const std::filesystem::path& file) {
    const std::string text = readFile(file);
    for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
        const auto event = nlohmann::json::parse(text.substr(at, end - at), nullptr, false);
        require(event.is_object() && event.contains("type"), ErrorKind::BadInput,
                "no event: ", text.substr(at, end - at));
    }
}

uint32_t masked(std::string_view bytes) {
    const uint32_t sum = crc32c(std::as_bytes(std::span(bytes)));
    return (sum >> 15 | sum << 17) + 0xA282EAD8u;
}

// Length, its checksum, that many bytes, their checksum.
void readRecords(const std::filesystem::path& file) {
    const std::string bytes = readFile(file);
    std::string_view rest = bytes;
    const auto number = [](std::string_view from) {
        uint32_t value;
        std::memcpy(&value, from.data(), sizeof value);
        return value;
    };
    while (rest.size() >= 12) {
        const size_t length = number(rest);
        require(number(rest.substr(8)) == masked(rest.substr(0, 8)), ErrorKind::BadInput, "checksum of a length");
        if (rest.size() < length + 16) return;  // cut off
        require(number(rest.substr(12 + length)) == masked(rest.substr(12, length)), ErrorKind::BadInput,
                "checksum of a record");
        rest.remove_prefix(length + 16);
    }
}

void readPage(const std::filesystem::path& file) {
    const std::string text = readFile(file);
    require(text.find("</html>") != std::string::npos, ErrorKind::BadInput, "the page has no end");
}

// A table that people read: written whole, it ends with a line.
void readMarkdown(const std::filesystem::path& file) {
    const std::string text = readFile(file);
    require(text.starts_with("#") && text.ends_with("\n"), ErrorKind::BadInput, "the page has no title or no end");
}

// Of a killed job: one line, or nothing if it was killed before it.
void readLock(const std::filesystem::path& file) {
    const std::string text = readFile(file);
    require(text.empty() || nlohmann::json::accept(text.substr(0, text.find('\n'))), ErrorKind::BadInput, "no lock");
}

using Reader = std::function<void(const std::filesystem::path&)>;
const std::map<std::string, Reader> kReaders{
    {".json",
     [](const auto& file) { require(nlohmann::json::accept(readFile(file)), ErrorKind::BadInput, "no JSON"); }},
    {".yaml", [](const auto& file) { loadConfig(file); }},
    {".csv", readTable},
    {".safetensors", [](const auto& file) { readSafetensors(file); }},
    {".graph", [](const auto& file) { parseGraph(readFile(file)); }},
    {".onnx", [](const auto& file) { readOnnx(file); }},
    {".jpg", [](const auto& file) { readImage(file); }},
    {".png", [](const auto& file) { readImage(file); }},
    {".html", readPage},
    {".md", readMarkdown},
    {".jsonl", readEventLines},
    {".lock", readLock},
};

Reader readerOf(const std::filesystem::path& file) {
    if (file.filename().string().starts_with("events.out.tfevents.")) return readRecords;
    const auto found = kReaders.find(file.extension());
    return found == kReaders.end() ? Reader() : found->second;
}

}  // namespace

std::vector<std::string> unreadableFiles(const std::filesystem::path& folder) {
    std::vector<std::string> complaints;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file() || isHalfWritten(entry.path())) continue;
        const Reader reader = readerOf(entry.path());
        try {
            require(reader != nullptr, ErrorKind::BadInput, "nobody knows how to read it");
            reader(entry.path());
        } catch (const std::exception& error) {
            complaints.push_back(entry.path().string() + ": " + error.what());
        }
    }
    return complaints;
}

}  // namespace qat::test
