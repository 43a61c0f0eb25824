// A course of the real YOLOv8n on real pictures by our loops and on a device: losses of every step and the weights at
// the end. The first steps in float agree. Quantized to W8A8 a last bit moves values to other codes, and in the long
// run it gives labels to other anchors, so a third course is the measure: by our loops, from weights that differ in
// last bits. A whole epoch in 160 pixels takes two minutes:
//   QATELIER_COURSE_IMAGES=128 QATELIER_COURSE_SIZE=160 test_device --gtest_filter='Yolov8Course.*'
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "export/weights_file.h"
#include "session/model_source.h"
#include "session/run_model.h"
#include "session/small_job.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat::test {
namespace {

constexpr size_t kFirst = 3;

constexpr const char* kCourse = R"(
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

struct Start {
    std::string device;
    std::filesystem::path model;
    bool quantized;
};

Course courseFrom(const Start& start, const std::filesystem::path& folder) {
    JobRequest request;
    request.config = folder / "course.yaml";
    request.out = folder / str(start.device, start.quantized, start.model.stem().string());
    request.data = (folder / "pictures.txt").string();
    request.overrides = {{"model.pretrained_path", start.model.string()},
                         {"train_params.quantize", start.quantized ? "true" : "false"},
                         {"data.imgsz", std::to_string(setting("QATELIER_COURSE_SIZE", 64))},
                         {"data.val_limit", "1"},
                         {"run.workers", "1"},
                         {"run.device", start.device}};
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

// The model with noise in the last bits of its weights.
std::filesystem::path nudgedModel(const std::filesystem::path& model, const std::filesystem::path& folder) {
    Graph graph = openModel(model).graph;
    for (const ValueId id : graph.storedValues())
        if (graph.value(id).kind == ValueKind::Parameter)
            graph.value(id).data->mul_(1 + randomTensor(graph.value(id).data->sizes().vec(), 3) * 3e-7);
    saveWeights(folder / "nudged.safetensors", graph);
    return folder / "nudged.safetensors";
}

struct Apart {
    double first = 0, losses = 0, weights = 0;  // relative: losses of the first steps, of all, weights at the end
};

Apart between(const Course& one, const Course& other, const std::string& what) {
    EXPECT_GE(one.losses.size(), 3u);
    EXPECT_EQ(one.losses.size(), other.losses.size());
    Apart apart;
    for (size_t i = 0; i < std::min(one.losses.size(), other.losses.size()); ++i) {
        apart.losses = std::max(apart.losses, std::abs(other.losses[i] / one.losses[i] - 1));
        if (i < kFirst) apart.first = apart.losses;
    }
    Graph zero = one.graph.clone(true);
    for (const ValueId id : zero.storedValues()) zero.value(id).data->zero_();
    apart.weights = distance(one.graph, other.graph) / distance(one.graph, zero);
    std::cout << what << ": " << one.losses.size() << " steps, losses differ by at most " << apart.losses
              << ", in the first " << kFirst << " by " << apart.first << ", weights by " << apart.weights
              << " of their length\n";
    return apart;
}

class Yolov8Course : public testing::Test {
protected:
    const ScratchFolder scratch;
    std::filesystem::path model;

    void prepare(const std::filesystem::path& assets) {
        model = assets / "models/yolov8n.pt";
        writeFileAtomic(scratch.path() / "course.yaml", kCourse);
        writePictures(assets, scratch.path() / "pictures.txt");
    }
    Course course(const std::string& device, const std::filesystem::path& start, bool quantized) const {
        return courseFrom({device, start, quantized}, scratch.path());
    }
};

TEST_F(Yolov8Course, OnADeviceIsThatOfOurLoops) {
    QAT_REQUIRE_ASSETS(assets);
    prepare(assets);
    const std::filesystem::path nudged = nudgedModel(model, scratch.path());
    for (const bool quantized : {false, true}) {
        const Course here = course("cpu", model, quantized);
        const std::string what = quantized ? "quantized" : "in float";
        const Apart device = between(here, course("cuda", model, quantized), what + ", on the device");
        const Apart bits = between(here, course("cpu", nudged, quantized), what + ", from other last bits");
        if (!quantized) {
            EXPECT_LE(device.first, 1e-4);
        }
        EXPECT_LE(device.losses, 3 * bits.losses + 1e-4);
        EXPECT_LE(device.weights, 3 * bits.weights + 1e-6);
    }
}

}  // namespace
}  // namespace qat::test
