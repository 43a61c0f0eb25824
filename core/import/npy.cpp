// The header of a file is a Python dictionary of three entries in one line.
#include "import/npy.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "import/byte_reader.h"
#include "import/read_mapped.h"

namespace qat {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kLongestHeader = 1 << 16, kMostDimensions = 8;
constexpr std::string_view kFloat = "<f4";

struct NpyHeader {
    std::optional<std::string> descr;
    std::optional<bool> fortranOrder;
    std::optional<std::vector<int64_t>> shape;
};

// Reads the dictionary; whatever else may stand in a Python literal is refused.
class HeaderText {
public:
    explicit HeaderText(std::string_view text) : m_text(text) {}

    NpyHeader read() {
        NpyHeader header;
        expect('{');
        while (!accept('}')) {
            readEntry(header);
            if (accept(',')) continue;
            expect('}');
            break;
        }
        skipSpace();
        demand(m_at == m_text.size());
        demand(header.descr && header.fortranOrder && header.shape);
        return header;
    }

private:
    static void demand(bool holds) {
        require(holds, ErrorKind::BadInput,
                "its header is no dictionary of the entries descr, fortran_order and shape as NumPy writes it");
    }
    void skipSpace() {
        while (m_at < m_text.size() && (m_text[m_at] == ' ' || m_text[m_at] == '\n')) ++m_at;
    }
    bool accept(char c) {
        skipSpace();
        if (m_at == m_text.size() || m_text[m_at] != c) return false;
        ++m_at;
        return true;
    }
    void expect(char c) { demand(accept(c)); }

    void readEntry(NpyHeader& header) {
        const std::string key = quoted();
        expect(':');
        if (key == "descr" && !header.descr)
            header.descr = type();
        else if (key == "fortran_order" && !header.fortranOrder)
            header.fortranOrder = truth();
        else if (key == "shape" && !header.shape)
            header.shape = tuple();
        else
            demand(false);
    }
    std::string quoted() {
        skipSpace();
        demand(m_at < m_text.size() && (m_text[m_at] == '\'' || m_text[m_at] == '"'));
        const size_t begin = m_at + 1, end = m_text.find(m_text[m_at], begin);
        demand(end != std::string_view::npos);
        m_at = end + 1;
        return std::string(m_text.substr(begin, end - begin));
    }
    // Records have lists for a type.
    std::string type() {
        skipSpace();
        const bool record = m_at < m_text.size() && m_text[m_at] == '[';
        require(!record, ErrorKind::BadInput, "its elements are records, and only float32 (", kFloat, ") is read");
        return quoted();
    }
    bool truth() {
        skipSpace();
        for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {"False", false}})
            if (m_text.substr(m_at).starts_with(word)) {
                m_at += word.size();
                return value;
            }
        demand(false);
        return false;
    }
    std::vector<int64_t> tuple() {
        std::vector<int64_t> numbers;
        expect('(');
        while (!accept(')')) {
            numbers.push_back(number());
            if (accept(',')) continue;
            expect(')');
            break;
        }
        return numbers;
    }
    int64_t number() {
        skipSpace();
        int64_t value = 0;
        const char* const begin = m_text.data() + m_at;
        const auto [end, error] = std::from_chars(begin, m_text.data() + m_text.size(), value);
        demand(error == std::errc() && value >= 0);
        m_at += static_cast<size_t>(end - begin);
        return value;
    }

    std::string_view m_text;
    size_t m_at = 0;
};

NpyHeader readHeader(ByteReader& reader) {
    require(reader.remaining() >= kMagic.size() && reader.takeText(kMagic.size()) == kMagic, ErrorKind::BadInput,
            "it is no .npy file");
    const auto version = reader.take<uint8_t>(), minor = reader.take<uint8_t>();
    require(version >= 1 && version <= 3 && minor == 0, ErrorKind::BadInput, "version ", int{version}, ".", int{minor},
            " of .npy files is not known");
    const size_t length = version == 1 ? reader.take<uint16_t>() : reader.take<uint32_t>();
    require(length <= kLongestHeader, ErrorKind::BadInput, "its header is longer than ", kLongestHeader, " bytes");
    return HeaderText(reader.takeText(length)).read();
}

// Bytes of that many numbers; nothing where they are beyond counting, and would be if no size were 0.
std::optional<size_t> bytesOf(const std::vector<int64_t>& shape) {
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
    int64_t bytes = sizeof(float);
    for (const int64_t size : shape) {
        if (size > 0 && bytes > kMost / size) return std::nullopt;
        bytes *= std::max<int64_t>(size, 1);
    }
    return std::ranges::count(shape, 0) > 0 ? 0 : static_cast<size_t>(bytes);
}

// As Python writes a tuple.
std::string shapeText(at::IntArrayRef shape) {
    std::string text;
    for (const int64_t size : shape) text += str(text.empty() ? "" : ", ", size);
    return str("(", text, shape.size() == 1 ? ",)" : ")");
}

}  // namespace

at::Tensor parseNpy(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "the file");
    const NpyHeader header = readHeader(reader);
    require(*header.descr == kFloat, ErrorKind::BadInput, "its elements are ", inQuotes(*header.descr),
            ", and only float32 (", kFloat, ") is read");
    require(!*header.fortranOrder, ErrorKind::BadInput, "it is in Fortran's order, and only C order is read");
    const std::vector<int64_t>& shape = *header.shape;
    require(shape.size() <= kMostDimensions, ErrorKind::BadInput, "it has ", shape.size(), " dimensions, at most ",
            kMostDimensions, " are read");
    const auto wanted = bytesOf(shape);
    require(wanted && *wanted == reader.remaining(), ErrorKind::BadInput, "it holds ", reader.remaining(),
            " bytes of numbers, which are not those of the shape ", shapeText(shape));
    at::Tensor tensor = at::empty(shape, at::kFloat);
    if (*wanted > 0) std::memcpy(tensor.data_ptr<float>(), reader.take(*wanted).data(), *wanted);
    return tensor;
}

at::Tensor readNpyFile(const std::filesystem::path& path) {
    return readMapped(path, parseNpy);
}

std::string npyBytes(const at::Tensor& tensor) {
    const at::Tensor plain = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    std::string header =
        str("{'descr': '", kFloat, "', 'fortran_order': False, 'shape': ", shapeText(plain.sizes()), ", }");
    // Numbers begin at a multiple of 64 bytes, and the header ends with its line.
    constexpr size_t kAlignment = 64, kBefore = 10;
    header.append(kAlignment - 1 - (kBefore + header.size()) % kAlignment, ' ');
    header += '\n';
    std::string bytes(kMagic);
    for (const size_t byte : {size_t{1}, size_t{0}, header.size() & 0xFF, header.size() >> 8})
        bytes += static_cast<char>(byte);
    bytes += header;
    bytes.append(reinterpret_cast<const char*>(plain.data_ptr<float>()), plain.nbytes());
    return bytes;
}

}  // namespace qat
