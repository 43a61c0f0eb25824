// Configuration, start weights and readers of the small job.
#include "session/small_job.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "export/weights_file.h"
#include "models/yolov8.h"

namespace qat::test {
namespace {

constexpr const char* kConfig = R"(# a small job
model:
  variant: "n"
  pretrained_path: "start.safetensors"
data:
  path: "shapes:train=8,val=4,size=64"
  imgsz: 64
  augment:
    mosaic: 0.0
run:
  workers: 1
quantization:
  weight:
    bit_width: 4
calibration:
  method: "minmax"
  num_batches: 1
qat_params:
  use_lsq: true
train_params:
  epochs: 1
  batch_size: 4
  nominal_batch: 4
  lr: 0.001
  checkpoint_every: 0
analysis:
  preview_images: 3
sensitivity:
  bits: [4]
  samples: 2
export:
  formats: ["onnx"]
  validate: false
)";

void writeStart(const std::filesystem::path& file) {
    Random random(1);
    Graph graph = buildYolov8("n", 6, random);
    // Wide enough for the signal to reach the head, as in a trained model.
    for (const ValueId id : graph.storedValues())
        if (graph.value(id).name.ends_with("conv.weight") && !graph.value(id).name.ends_with("dfl.conv.weight"))
            graph.value(id).data->mul_(2.0);
    for (int level = 0; level < 3; ++level)
        graph.value(*graph.findValue(str("model.22.cv3.", level, ".2.bias"))).data->zero_();
    saveWeights(file, graph);
}

}  // namespace

SmallJob::SmallJob(const std::filesystem::path& folder) {
    writeFileAtomic(folder / "config.yaml", kConfig);
    if (!std::filesystem::exists(folder / "start.safetensors")) writeStart(folder / "start.safetensors");
    request.config = folder / "config.yaml";
    request.out = folder / "run";
}

void SmallJob::insertLayerConfig(const std::string& pattern, const std::string& line) const {
    std::string text = readFile(request.config);
    text.insert(text.find("calibration:"), "  layer_configs:\n    - pattern: '" + pattern + "'\n      " + line + "\n");
    writeFileAtomic(request.config, text);
}

std::string SmallJob::failure(ErrorKind expected) {
    try {
        run();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), expected) << error.what();
        const std::string message = error.what();
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        return message;
    }
    return "";
}

std::vector<nlohmann::json> readEvents(const std::filesystem::path& folder) {
    std::ifstream file(folder / "events.jsonl");
    std::vector<nlohmann::json> events;
    for (std::string line; std::getline(file, line);) {
        events.push_back(nlohmann::json::parse(line, nullptr, false));
        EXPECT_TRUE(events.back().is_object() && events.back().contains("t") && events.back().contains("type")) << line;
    }
    return events;
}

std::vector<std::pair<std::string, std::string>> snapshot(const std::filesystem::path& folder) {
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) files.emplace_back(entry.path().string(), readFile(entry.path()));
    std::ranges::sort(files);
    return files;
}

}  // namespace qat::test
