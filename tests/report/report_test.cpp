// The pages of runs and groups: complete, well formed, on their own.
#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "report/group_report.h"
#include "report/group_table.h"
#include "report/made_run.h"
#include "report/run_report.h"
#include "support/assets.h"
#include "support/recorded_run.h"

namespace qat::test {
namespace {

// Tags that do not close, or close what is not open.
std::vector<std::string> badTags(const std::string& page) {
    std::vector<std::string> open, bad;
    for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
        const size_t end = page.find('>', at);
        if (end == std::string::npos) return {"unfinished tag"};
        const std::string tag = page.substr(at + 1, end - at - 1);
        std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" /", 1) - (tag[0] == '/'));
        if (tag[0] == '!' || name == "meta" || tag.ends_with("/")) continue;
        if (tag[0] != '/')
            open.push_back(name);
        else if (open.empty() || open.back() != name)
            bad.push_back(tag);
        else
            open.pop_back();
    }
    bad.insert(bad.end(), open.begin(), open.end());
    return bad;
}

void expectSound(const std::string& page) {
    EXPECT_EQ(badTags(page), std::vector<std::string>{});
    for (const char* foreign : {"<script", "http://", "https://", "src=", "@import", "url("})
        EXPECT_EQ(page.find(foreign), std::string::npos) << foreign;
    EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
}

TEST(RunReport, SaysEverythingThatARunKnows) {
    const ScratchFolder scratch;
    writeMadeRun(scratch.path(), {});
    const std::string page = readFile(writeRunReport(scratch.path()));
    expectSound(page);
    for (const char* part : {"yolov8n w4a16, ema", "0.5000", "-0.1000", "best &lt;of&gt; all.pt", "8.0 times smaller",
                             "mAP fell &amp; broke", "&lt;rate&gt;", "a &quot;gate&quot;", "polyline", "model.0.conv",
                             "a &lt;broken&gt; label", "variant: &quot;n&quot;", "Largest output errors",
                             "Most sensitive layers, alone at 4 bits", "recommended confidence", "0.312", "0.250",
                             "Measured with: one2one head, 320x320, the 300 best &lt;scores&gt;.",
                             "Recommended confidence of the quantized model: 0.312, in FP32 0.432"})
        EXPECT_NE(page.find(part), std::string::npos) << part;
}

TEST(RunReport, BearsSummariesOfAnyShape) {
    const ScratchFolder scratch;
    for (
        const char* summary :
        {"{}", R"({"metrics":7,"stability":[],"gates":{},"model":null,"status":3,"created_at":[]})",
         R"({"stability":{"outcome":"stopped","incidents":[1,{"what":2}]},"gates":[1],"training":{"seed":"x"},"error":4})"}) {
        writeFileAtomic(scratch.path() / "run_summary.json", summary);
        writeFileAtomic(
            scratch.path() / "events.jsonl",
            "[]\n7\n{\"type\":3}\n{\"type\":\"layer\",\"metrics\":[]}\n{\"type\":\"scalar\",\"value\":\"x\"}\n\xff\n");
        expectSound(readFile(writeRunReport(scratch.path())));
    }
    writeFileAtomic(scratch.path() / "run_summary.json", "[");
    EXPECT_THROW(writeRunReport(scratch.path()), Error);
}

// A run that the program has recorded: what it wrote about corrections, exports and stages is on the page.
TEST(RunReport, OfTheRecordedRunHasCorrectionExportsAndTitlesOfStages) {
    const std::string page = runReport(readRun(recordedRun()));
    expectSound(page);
    for (const char* part : {"<h2>Correction (QC)</h2>", "Largest offset", "exports/model.onnx",
                             "the exported file was not checked", "Evaluate FP32", "Before correction (QC)"})
        EXPECT_NE(page.find(part), std::string::npos) << part;
    EXPECT_EQ(page.find(">qc<"), std::string::npos) << "a stage goes by its title";
}

// A network that is no detector is judged by what its folder says.
TEST(RunReport, OfAClassifierHasItsOwnMetrics) {
    const std::string page = runReport(readRun(recordedClassifier()));
    expectSound(page);
    EXPECT_NE(page.find("<th>top-1</th><th>to FP32</th>"), std::string::npos) << page.substr(0, 4000);
    EXPECT_NE(page.find("Accuracy by epoch"), std::string::npos);
    EXPECT_EQ(page.find("mAP50"), std::string::npos);
    ReportedRun lost = readRun(recordedClassifier());
    lost.summary["stability"]["outcome"] = "never_learned";
    EXPECT_NE(runReport(lost).find("Training was without success: top-1 stayed 0."), std::string::npos);
}

// From the events alone, and where the summary is that of an earlier sitting.
TEST(RunReport, SaysThatARunHasNotEnded) {
    const ScratchFolder scratch;
    const std::string begin =
        R"({"t":0,"type":"run","run_id":"b","time":"2026-11-21T10:00:00+00:00","model":"yolov8n","quantization":"w4a8","data":"shapes"})";
    writeFileAtomic(scratch.path() / "config.yaml", "");
    for (const char* start : {"", "{\"t\":0,\"ty", "{\"t\":0,\"type\":\"log\"}\n"}) {
        writeFileAtomic(scratch.path() / "events.jsonl", start);
        EXPECT_FALSE(readRun(scratch.path()).ended) << start;
        EXPECT_EQ(readRun(scratch.path()).text("status"), "running or killed") << start;
    }
    writeFileAtomic(
        scratch.path() / "events.jsonl",
        begin + "\n{\"t\":1,\"type\":\"scalar\",\"series\":\"fp32/mAP50-95\",\"x\":0,\"value\":0.25}\n{\"t\":2,\"ty");
    std::string page = readFile(writeRunReport(scratch.path()));
    expectSound(page);
    for (const char* part : {"yolov8n w4a8", "0.2500", "running or killed", "This run has not ended"})
        EXPECT_NE(page.find(part), std::string::npos) << part;
    EXPECT_NE(readFile(writeRunReport(scratch.path(), "Process 5 works.")).find("Process 5 works."), std::string::npos);
    writeFileAtomic(scratch.path() / "run_summary.json", R"({"run_id":"a","status":"incomplete"})");
    EXPECT_FALSE(readRun(scratch.path()).ended);
    EXPECT_EQ(readRun(scratch.path()).text("status"), "running or killed");
    writeFileAtomic(scratch.path() / "run_summary.json", R"({"run_id":"b","status":"completed-success"})");
    EXPECT_TRUE(readRun(scratch.path()).ended) << "the summary is written just before the end";
    EXPECT_EQ(readRun(scratch.path()).text("status"), "completed-success");
}

TEST(GroupReport, HasTheTableAndALinkToEveryRun) {
    const ScratchFolder scratch;
    writeMadeRun(scratch.path() / "yolov8n-ema-s0", {.map = 0.4});
    writeMadeRun(scratch.path() / "yolov8n-ema-s1", {.seed = "1", .map = 0.5});
    writeMadeRun(scratch.path() / "yolov8n-baseline-s0", {.method = "baseline", .map = 0.1});
    const std::string page = readFile(writeGroupReport(scratch.path()));
    expectSound(page);
    EXPECT_NE(page.find("<td>0.4500 ± 0.0707</td>"), std::string::npos);
    for (const char* run : {"yolov8n-ema-s0", "yolov8n-ema-s1", "yolov8n-baseline-s0"}) {
        EXPECT_NE(page.find(std::string("href=\"") + run + "/report.html\""), std::string::npos);
        expectSound(readFile(scratch.path() / run / "report.html"));
    }
}

TEST(GroupReport, OfNetworksForTwoTasksHasAColumnForEachMetric) {
    const ScratchFolder scratch;
    writeMadeRun(scratch.path() / "detector", {.map = 0.4});
    std::filesystem::copy(recordedClassifier(), scratch.path() / "classifier");
    const std::vector<ReportedRun> runs = readGroup(scratch.path());
    const std::vector<MethodRow> rows = methodRows(runs);
    ASSERT_EQ(rows.size(), 2u);
    const TextTable table = methodTable(rows);
    EXPECT_EQ((std::vector(table[0].begin() + 6, table[0].begin() + 9)),
              (std::vector<std::string>{"top-1", "mAP50-95", "mAP50"}));
    EXPECT_EQ(table[1][7] + table[1][8] + table[2][6], "---") << "neither is judged by the other's";
    EXPECT_EQ(table[2][7], "0.4000");
    EXPECT_EQ(table[1][6].size(), 6u) << "four decimals of " << table[1][6];
    const std::string page = groupReport("two", runs);
    expectSound(page);
    EXPECT_NE(page.find("top-1 or mAP50-95 of every run"), std::string::npos);
}

TEST(GroupReport, AFolderWithoutRunsIsRefused) {
    const ScratchFolder scratch;
    EXPECT_THROW(writeGroupReport(scratch.path()), Error);
    EXPECT_THROW(writeGroupReport(scratch.path() / "nowhere"), Error);
}

}  // namespace
}  // namespace qat::test
