// A table of beginnings, and a few formats that need a closer look.
#include "import/file_kind.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace qat {
namespace {

using namespace std::string_view_literals;

constexpr const char* kWebPage = "it is a web page; the download went wrong";
constexpr const char* kPicture = "it is a picture";
constexpr const char* kTensorRt = "it is a TensorRT engine, which only the TensorRT that built it can read";

// By bytes at a place.
struct KnownBytes {
    size_t at;
    std::string_view bytes;
    const char* kind;
};
constexpr std::array kKnownBytes{
    KnownBytes{0, "version https://git-lfs", "it is a Git LFS pointer; the weights themselves were not downloaded"},
    KnownBytes{0, "PK\5\6", "it is an empty zip archive"},
    KnownBytes{257, "ustar", "it is a tar archive, but not one that PyTorch wrote"},
    KnownBytes{0, "\x89HDF\r\n\x1a\n", "it is an HDF5 file, as Keras writes"},
    KnownBytes{4, "TFL3", "it is a TensorFlow Lite model"},
    KnownBytes{0, "ptrt", kTensorRt},
    KnownBytes{0, "ftrt", kTensorRt},
    KnownBytes{0, "RKNN", "it is an RKNN model"},
    KnownBytes{0, "7767517", "it is an ncnn model"},
    KnownBytes{0, "GGUF", "it is a GGUF file"},
    KnownBytes{0, "\x93NUMPY", "it is a NumPy array"},
    KnownBytes{0, "\0\0\0\0\2\0\0\0\5\0\0\0"sv, "it is a Darknet weights file"},
    KnownBytes{0, "\x1f\x8b", "it is packed by gzip; unpack it first"},
    KnownBytes{0, "BZh", "it is packed by bzip2; unpack it first"},
    KnownBytes{0,
               "\xfd"
               "7zXZ",
               "it is packed by xz; unpack it first"},
    KnownBytes{0, "\x28\xb5\x2f\xfd", "it is packed by zstd; unpack it first"},
    KnownBytes{0, "7z\xbc\xaf\x27\x1c", "it is a 7z archive; unpack it first"},
    KnownBytes{0, "Rar!", "it is a RAR archive; unpack it first"},
    KnownBytes{0, "\xff\xd8\xff", kPicture},
    KnownBytes{0, "\x89PNG", kPicture},
    KnownBytes{0, "\x80", "it is a pickle, but not one that PyTorch wrote"},
};

// A number of protobuf's: seven bits a byte, the lowest first. Nothing if the bytes run out.
std::optional<uint64_t> takeNumber(std::string_view& bytes) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        value |= uint64_t{byte & 0x7fu} << shift;
        if (byte < 0x80) return value;
    }
    return std::nullopt;
}

// A message of protobuf that starts with a version number and has a graph as field 7: what makes a file of ONNX's.
bool isOnnx(std::string_view bytes) {
    constexpr uint64_t kGraph = 7, kMostFields = 30;
    constexpr unsigned kNumber = 0, kBytes = 2;
    if (!bytes.starts_with('\x08')) return false;
    while (const auto key = takeNumber(bytes)) {
        const uint64_t field = *key >> 3;
        const auto type = static_cast<unsigned>(*key & 7);
        if (field == kGraph && type == kBytes) return true;
        const auto value = takeNumber(bytes);  // a number, or the length of what follows
        if (field == 0 || field > kMostFields || (type != kNumber && type != kBytes) || !value) return false;
        if (type == kBytes && *value > bytes.size()) return false;
        if (type == kBytes) bytes.remove_prefix(static_cast<size_t>(*value));
    }
    return false;
}

// As trainers write engines: a length, then as much JSON about the model, then the engine.
bool isDescribedEngine(std::string_view bytes) {
    uint32_t length = 0;
    if (bytes.size() < 12) return false;
    std::memcpy(&length, bytes.data(), sizeof length);
    if (bytes[4] != '{' || length > bytes.size() - 8) return false;
    const std::string_view engine = bytes.substr(4 + length);
    return engine.starts_with("ptrt") || engine.starts_with("ftrt");
}

std::string lowered(std::string_view text) {
    std::string low(text);
    std::ranges::transform(low, low.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return low;
}

bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Of a file whose beginning is text.
std::string kindOfText(std::string_view beginning) {
    if (beginning.starts_with("\xEF\xBB\xBF")) beginning.remove_prefix(3);
    const size_t first = beginning.find_first_not_of(" \t\r\n");
    const std::string text = lowered(beginning.substr(std::min(first, beginning.size())));
    if (text.starts_with("<!doctype html") || text.starts_with("<html")) return kWebPage;
    if (text.starts_with('<') && holds(text, "<net ")) return "it is an OpenVINO model";
    if (text.starts_with("<?xml")) return "it is an XML text; if it was downloaded, the download went wrong";
    if (text.starts_with('{')) return "it is a JSON text";
    return "it is a text, neither a PyTorch nor a safetensors checkpoint";
}

// UTF-8 without control characters, its last character perhaps cut through.
bool isText(std::string_view beginning) {
    const auto control = [](unsigned char c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f; };
    if (std::ranges::any_of(beginning, control)) return false;
    for (size_t cut = 0; cut < 4 && cut < beginning.size(); ++cut)
        if (isUtf8(beginning.substr(0, beginning.size() - cut))) return true;
    return false;
}

// Names of all entries that a zip archive's directory lists, or that stand before entries of one that is cut short.
std::vector<std::string_view> entryNames(std::string_view file) {
    struct Record {
        std::string_view signature;
        size_t lengthAt, nameAt;
    };
    constexpr std::array kRecords{Record{"PK\1\2", 28, 46}, Record{"PK\3\4", 26, 30}};
    std::vector<std::string_view> names;
    for (const Record& record : kRecords) {
        for (size_t at = file.find(record.signature); at != std::string_view::npos;
             at = file.find(record.signature, at + 4)) {
            uint16_t length = 0;
            if (file.size() - at < record.nameAt) break;
            std::memcpy(&length, file.data() + at + record.lengthAt, sizeof length);
            names.push_back(file.substr(at + record.nameAt, length));
        }
        if (!names.empty()) break;
    }
    return names;
}

}  // namespace

std::string kindOf(std::span<const std::byte> file) {
    const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
    for (const KnownBytes& known : kKnownBytes)
        if (bytes.size() >= known.at && bytes.substr(known.at).starts_with(known.bytes)) return known.kind;
    if (isOnnx(bytes)) return "it is an ONNX file";
    if (isDescribedEngine(bytes)) return kTensorRt;
    const std::string_view beginning = bytes.substr(0, 1000);
    return isText(beginning) ? kindOfText(beginning) : "it is neither a PyTorch nor a safetensors checkpoint";
}

std::string kindOfZip(std::span<const std::byte> file) {
    const auto names = entryNames({reinterpret_cast<const char*>(file.data()), file.size()});
    const auto any = [&](std::string_view end) {
        return std::ranges::any_of(names, [&](std::string_view name) { return name.ends_with(end); });
    };
    if (names.empty() || any("data.pkl")) return "";
    if (any("model.weights.h5")) return "it is a Keras model";
    if (any(".npy")) return "it is a NumPy archive";
    if (any("saved_model.pb")) return "it is a TensorFlow model";
    if (any(".mlmodel")) return "it is a Core ML model";
    if (any(".pt") || any(".pth") || any(".safetensors"))
        return "it is a zip archive with a checkpoint in it; unpack it first";
    return "it is a zip archive, but not one that PyTorch wrote";
}

}  // namespace qat
