// Lines of events.jsonl: what was recorded comes back byte for byte, and no line breaks the reader.
#include "runs/event_line.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>

#include "runs/folder.h"
#include "support/recorded_run.h"

namespace qat::test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class Event>
Event readAs(const std::string& line) {
    const auto read = readEventLine(line);
    EXPECT_TRUE(read && std::holds_alternative<Event>(read->event)) << line;
    return read && std::holds_alternative<Event>(read->event) ? std::get<Event>(read->event) : Event();
}

// The form of the file is settled by what the program has recorded: reading a line and writing it again gives its
// bytes.
TEST(EventLine, EveryRecordedLineComesBackByteForByte) {
    std::ifstream file(RunFolder{recordedRun()}.events());
    std::set<size_t> types;
    for (std::string line; std::getline(file, line);) {
        const auto read = readEventLine(line);
        ASSERT_TRUE(read) << line;
        types.insert(read->event.index());
        EXPECT_EQ(eventLine(read->t, read->event), line);
    }
    EXPECT_EQ(types.size(), std::variant_size_v<RunEvent> - 1) << "each type but the unknown one was recorded";
    EXPECT_FALSE(types.contains(0)) << "a type that was recorded has no struct";
}

TEST(EventLine, NumbersThatAreNotFiniteAreNull) {
    const std::string line = eventLine(1, ScalarEvent{"a", 2, kNan});
    EXPECT_EQ(line, R"({"t":1.0,"type":"scalar","series":"a","x":2.0,"value":null})");
    EXPECT_TRUE(std::isnan(readAs<ScalarEvent>(line).value));
    EXPECT_EQ(readAs<ScalarEvent>(line).x, 2);
    const LayerRow row = readAs<LayerRow>(eventLine(1, LayerRow{"error", "l", 4, 0, "ptq", {{"mse", kNan}}}));
    EXPECT_TRUE(std::isnan(row.metrics.at("mse")));
}

TEST(EventLine, AnErrorThatIsNoneIsNullAndABeginHasNoSeconds) {
    EXPECT_EQ(eventLine(0, EndEvent{"completed-success", {}}),
              R"({"t":0.0,"type":"end","status":"completed-success","error":null})");
    EXPECT_EQ(readAs<EndEvent>(eventLine(0, EndEvent{"completed-failed", {"no room"}})).error.text, "no room");
    EXPECT_EQ(eventLine(0, StageEvent{"load", "begin", {}}),
              R"({"t":0.0,"type":"stage","stage":"load","state":"begin"})");
    EXPECT_EQ(*readAs<StageEvent>(eventLine(0, StageEvent{"load", "end", 2.5})).seconds, 2.5);
}

TEST(EventLine, TextOfAnyBytesIsStillJson) {
    EXPECT_EQ(readAs<LogEvent>(eventLine(0, LogEvent{LogLevel::Error, "s", "a\xff\n\"b"})).text, "a\xEF\xBF\xBD\n\"b");
}

TEST(EventLine, WhatIsNoObjectIsNoEvent) {
    for (const char* line : {"", "{", "[1,2]", "7", "\xff\xfe", "{\"t\":", "{\"a\":1}{", "null"})
        EXPECT_FALSE(readEventLine(line)) << line;
    EXPECT_EQ(readEventLine(R"({"t":1,"type":"telepathy"})")->event.index(), 0u);
    EXPECT_EQ(readEventLine(R"({"t":"x"})")->t, 0);
}

TEST(EventLine, FieldsOfTheWrongKindKeepTheirDefault) {
    const auto scalar = readAs<ScalarEvent>(R"({"type":"scalar","series":7,"x":"1"})");
    EXPECT_EQ(scalar.series, "");
    EXPECT_TRUE(std::isnan(scalar.x));
    const auto progress = readAs<ProgressEvent>(R"({"type":"progress","done":-5,"total":1e300})");
    EXPECT_EQ(progress.done, -5);
    EXPECT_EQ(progress.total, int64_t{1} << 53) << "limited to what is counted exactly";
    const auto image = readAs<ImageEvent>(
        R"({"type":"image","width":1e300,"fp32":[{"box":[1,2]},{"box":"x"},3,{"box":[1,2,3,"4"]}],"labels":{"a":1}})");
    EXPECT_EQ(image.width, std::numeric_limits<int>::max());
    ASSERT_EQ(image.fp32.size(), 4u);
    for (const FoundBox& found : image.fp32) EXPECT_TRUE(std::isnan(found.box[3]));
    EXPECT_TRUE(image.labels.empty());
    EXPECT_TRUE(readAs<LayerRow>(R"({"type":"layer","metrics":[1,2]})").metrics.empty());
    EXPECT_EQ(readAs<LogEvent>(R"({"type":"log","level":"loud"})").level, LogLevel::Info);
    EXPECT_TRUE(readAs<RunHeader>(R"({"type":"run","stages":"no"})").stages.empty());
}

}  // namespace
}  // namespace qat::test
