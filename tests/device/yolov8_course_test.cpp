// A course of the real YOLOv8n on real pictures, quantized to W8A8, by our loops and on a device: losses of every step
// and the weights at the end. A whole epoch of coco128 in 160 pixels takes minutes:
//   QATELIER_COURSE_IMAGES=128 QATELIER_COURSE_SIZE=160 test_device --gtest_filter='Yolov8Course.*'
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cstdlib>
#include <iostream>

#include "base/files.h"
#include "session/model_source.h"
#include "session/run_model.h"
#include "session/small_job.h"
#include "support/assets.h"

namespace qat::test {
namespace {

constexpr const char* kCourse = R"(
qat_params: {use_lsq: false}
train_params: {epochs: 1, batch_size: 4, nominal_batch: 4, lr: 0.0005, optimizer: "SGD", checkpoint_every: 0}
ema: {enabled: false}
calibration: {method: "minmax", num_batches: 2}
analysis: {enabled: false, compare_with_fp32: false, preview_images: 0}
export: {formats: []}
)";

int setting(const char* name, int otherwise) {
    const char* const text = std::getenv(name);
    return text ? std::atoi(text) : otherwise;
}

struct Course {
    std::vector<double> losses;  // of each step
    Graph graph;
};

Course courseOn(const std::string& device, const std::filesystem::path& assets, const std::filesystem::path& folder) {
    JobRequest request{
        .config = folder / "course.yaml", .out = folder / device, .data = (folder / "pictures.txt").string()};
    request.overrides = {{"model.pretrained_path", (assets / "models/yolov8n.pt").string()},
                         {"data.imgsz", std::to_string(setting("QATELIER_COURSE_SIZE", 64))},
                         {"data.val_limit", "1"},
                         {"run.workers", "1"},
                         {"run.device", device}};
    std::map<double, double> losses;
    RecordingSink sink;
    CancelToken cancel;
    runPipeline(request, sink, cancel);
    for (const auto& event : readEvents(request.out))
        if (event["type"] == "scalar" && event["series"].get<std::string>().starts_with("train/"))
            losses[event["x"].get<double>()] += event["value"].get<double>();
    Course course{{}, openRun(request.out).graph};
    for (const auto& [step, loss] : losses) course.losses.push_back(loss);
    return course;
}

void writePictures(const std::filesystem::path& assets, const std::filesystem::path& file) {
    std::vector<std::string> pictures;
    for (const auto& entry : std::filesystem::directory_iterator(assets / "coco128/images/train2017"))
        pictures.push_back(entry.path().string());
    std::ranges::sort(pictures);
    pictures.resize(std::min<size_t>(pictures.size(), static_cast<size_t>(setting("QATELIER_COURSE_IMAGES", 12))));
    std::string lines;
    for (const std::string& picture : pictures) lines += picture + "\n";
    writeFileAtomic(file, lines);
}

// Root of the summed squares of a - b over all parameters.
double distance(const Graph& a, const Graph& b) {
    double sum = 0;
    for (const ValueId id : a.storedValues()) {
        if (a.value(id).kind != ValueKind::Parameter) continue;
        const auto other = b.findValue(a.value(id).name);
        if (!other) continue;
        const at::Tensor difference = a.value(id).data->to(at::kDouble) - b.value(*other).data->to(at::kDouble);
        sum += difference.square().sum().item<double>();
    }
    return std::sqrt(sum);
}

TEST(Yolov8Course, OnADeviceIsThatOfOurLoops) {
    QAT_REQUIRE_ASSETS(assets);
    const ScratchFolder scratch;
    writeFileAtomic(scratch.path() / "course.yaml", kCourse);
    writePictures(assets, scratch.path() / "pictures.txt");
    const Course here = courseOn("cpu", assets, scratch.path()), there = courseOn("cuda", assets, scratch.path());
    ASSERT_GE(here.losses.size(), 3u);
    ASSERT_EQ(there.losses.size(), here.losses.size());
    double worst = 0;
    for (size_t i = 0; i < here.losses.size(); ++i) {
        const double off = std::abs(there.losses[i] / here.losses[i] - 1);
        worst = std::max(worst, off);
        EXPECT_LE(off, 1e-4) << "step " << i + 1;
    }
    Graph zero = here.graph.clone(true);
    for (const ValueId id : zero.storedValues()) zero.value(id).data->zero_();
    const double apart = distance(here.graph, there.graph) / distance(here.graph, zero);
    EXPECT_LE(apart, 1e-4);
    std::cout << here.losses.size() << " steps, losses differ by at most " << worst << ", weights by " << apart
              << " of their length\n";
}

}  // namespace
}  // namespace qat::test
