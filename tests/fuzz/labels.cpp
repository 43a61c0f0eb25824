// Label files. They are read by path, so the bytes go through one file.
#include "data/labels.h"

#include "fuzz/target.h"
#include "fuzz/written_file.h"

namespace qat::test {
namespace {

bool isShare(float value) {
    return value >= 0 && value <= 1;  // not of NaN
}

std::string problemOfLabels(const LabelReading& reading) {
    if (!reading.problem.empty()) return reading.labels.empty() ? "" : "there are labels beside a problem";
    for (const ObjectLabel& label : reading.labels)
        if (label.classIndex < 0 || label.classIndex > 65535 || !isShare(label.x) || !isShare(label.y) ||
            !isShare(label.w) || !isShare(label.h))
            return "a label lies outside its picture";
    return "";
}

std::string wide(const std::string& text) {  // UTF-16
    std::string bytes;
    for (const char c : text) bytes += c, bytes += '\0';
    return bytes;
}

}  // namespace

FuzzVerdict judgeLabels(const std::string& bytes) {
    static WrittenFile file("labels.txt");
    const fs::path& path = file.with(bytes);
    bool sound = false;
    FuzzVerdict verdict = verdictOn([&] {
        const LabelReading reading = readLabels(path, 0);
        sound = reading.problem.empty();
        return problemOfLabels(reading);
    });
    verdict.read = verdict.read && sound;
    return verdict;
}

std::vector<std::string> labelsSeeds() {
    return {"", "7 .5 .5 .25 .25\r\n0 0.1 0.2 0.1 0.2\n", "1 0.25 0.5 0.75 0.5 0.5 1\n0 .5 .25 .75 .5\n",
            "1 1.0000002 .5 .1 1.002083\n2 -0.000313 .5 .1 .1\n", "\xFF\xFE" + wide("7 .5 .5 .25 .25\r\n")};
}

}  // namespace qat::test
