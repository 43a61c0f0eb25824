// Splitting label files into rows and turning rows into boxes.
#include "data/labels.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

constexpr uintmax_t kMaxLabelBytes = 64 << 20;
constexpr int64_t kMaxClasses = 65536;
constexpr double kTolerance = 0.01;

struct Row {
    int line = 0;                // 1-based
    std::vector<double> values;  // class first
};

bool isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

// The numbers of one line, or nothing if a word is no number.
std::optional<std::vector<double>> numbersOf(std::string_view line) {
    std::vector<double> values;
    const char* at = line.data();
    const char* const end = at + line.size();
    while (true) {
        while (at != end && isBlank(*at)) ++at;
        if (at == end) return values;
        double value = 0;
        const auto [next, error] = std::from_chars(at, end, value);
        if (error != std::errc() || (next != end && !isBlank(*next))) return std::nullopt;
        values.push_back(value);
        at = next;
    }
}

// What is wrong with a row, or nullptr. Values are checked before they are converted to anything.
const char* faultOf(const std::vector<double>& values, bool polygons) {
    if (polygons && (values.size() < 5 || values.size() % 2 == 0)) return "is no polygon of x y pairs after the class";
    if (!polygons && values.size() != 5) return "does not have the five values class x y w h";
    if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); }))
        return "has a value that is not finite";
    if (!(values[0] >= 0) || values[0] != std::floor(values[0])) return "does not begin with a class number";
    const auto outside = [](double value) { return !(value >= -kTolerance && value <= 1 + kTolerance); };
    if (std::any_of(values.begin() + 1, values.end(), outside)) return "has a coordinate outside 0..1";
    if (!polygons && (values[3] < 0 || values[4] < 0))
        return "has a negative width or height";  // the edge is none of these
    return nullptr;
}

ObjectLabel boxOf(const std::vector<double>& values, bool polygons) {
    const auto index = static_cast<int32_t>(values[0]);
    const auto at = [&](size_t i) { return static_cast<float>(std::clamp(values[i], 0.0, 1.0)); };
    if (!polygons) return {index, at(1), at(2), at(3), at(4)};
    float left = 1, top = 1, right = 0, bottom = 0;
    for (size_t i = 1; i < values.size(); i += 2) {
        left = std::min(left, at(i)), right = std::max(right, at(i));
        top = std::min(top, at(i + 1)), bottom = std::max(bottom, at(i + 1));
    }
    return {index, (left + right) / 2, (top + bottom) / 2, right - left, bottom - top};
}

// Sorted, if there were any; returns a doubt that names the first.
std::string dropRepeated(const fs::path& file, const std::vector<Row>& rows, std::vector<ObjectLabel>& labels) {
    const auto key = [](const ObjectLabel& l) { return std::tie(l.classIndex, l.x, l.y, l.w, l.h); };
    auto sorted = labels;
    std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    if (sorted.size() == labels.size()) return "";
    const auto before = [&](size_t a, size_t b) { return key(labels[a]) < key(labels[b]); };
    std::set<size_t, decltype(before)> seen(before);
    size_t again = 0;
    while (seen.insert(again).second) ++again;
    const std::string doubt =
        str(file.string(), ":", rows[again].line, ": this row is the object of row ", rows[*seen.find(again)].line,
            " once more, and counts once; rows repeated in the file: ", labels.size() - sorted.size());
    labels = std::move(sorted);
    return doubt;
}

// Digits, not 1e+06; a long row of them is cut.
std::string classText(double value) {
    constexpr size_t kMost = 24;
    std::array<char, 400> digits;
    const auto [end, error] = std::to_chars(digits.begin(), digits.end(), value, std::chars_format::fixed);
    const std::string text(digits.begin(), error == std::errc() ? end : digits.begin());
    return text.size() > kMost ? text.substr(0, kMost) + "..." : text;
}

LabelReading problem(const fs::path& file, int line, const std::string& what) {
    return {{}, str(file.string(), ":", line, ": this row ", what), ""};
}

// A box among polygons would be read as a polygon of two points, centre and size, which is no box anybody drew.
std::string doubtOf(const fs::path& file, const std::vector<Row>& rows) {
    const auto box = std::ranges::find_if(rows, [](const Row& row) { return row.values.size() == 5; });
    if (box == rows.end()) return "";
    return str(file.string(), ":", box->line,
               ": this row has five values like a box, and other rows of the file are polygons, so it is read as "
               "two points of a polygon, as trainers do");
}

LabelReading readRows(const fs::path& file, const std::vector<Row>& rows, int64_t numClasses) {
    const bool polygons = std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.values.size() > 6; });
    LabelReading reading;
    for (const auto& [line, values] : rows) {
        if (const char* fault = faultOf(values, polygons)) return problem(file, line, fault);
        const int64_t limit = numClasses > 0 ? numClasses : kMaxClasses;
        require(values[0] < static_cast<double>(limit), ErrorKind::BadInput, file.string(), ":", line, ": class ",
                classText(values[0]), " does not exist, the data has ", limit, " classes counted from 0");
        reading.labels.push_back(boxOf(values, polygons));
    }
    const std::string repeated = dropRepeated(file, rows, reading.labels);
    if (polygons) reading.doubt = doubtOf(file, rows);
    if (reading.doubt.empty()) reading.doubt = repeated;
    return reading;
}

}  // namespace

fs::path labelPathOf(const fs::path& imagePath) {
    std::string path = fs::absolute(imagePath).lexically_normal().string();
    constexpr std::string_view kImages = "/images/", kLabels = "/labels/";
    if (const size_t at = path.rfind(kImages); at != std::string::npos) path.replace(at, kImages.size(), kLabels);
    return fs::path(path).replace_extension(".txt");
}

LabelReading readLabels(const fs::path& file, int64_t numClasses, int64_t keypointNumbers) {
    std::error_code error;
    const fs::file_status status = fs::status(file, error);
    if (status.type() == fs::file_type::not_found) {
        if (!fs::is_symlink(fs::symlink_status(file, error))) return {};
        return {{}, file.string() + " is a link to something that is not there", ""};
    }
    std::string text;
    try {
        text = readTextFile(file, kMaxLabelBytes);
    } catch (const Error& unreadable) {
        return {{}, unreadable.what(), ""};
    }
    TextLines lines(text);
    std::vector<Row> rows;
    for (std::string_view line; lines.next(line);) {
        auto values = numbersOf(line);
        if (!values) return problem(file, lines.number(), "has something that is not a number");
        if (values->empty()) continue;
        const bool boxed = keypointNumbers == 0 || static_cast<int64_t>(values->size()) == 5 + keypointNumbers;
        if (!boxed)
            return problem(file, lines.number(),
                           str("does not have the ", 5 + keypointNumbers, " values of a box and kpt_shape"));
        if (keypointNumbers > 0) values->resize(5);
        rows.push_back({lines.number(), std::move(*values)});
    }
    return readRows(file, rows, numClasses);
}

}  // namespace qat
