// The configuration that the command tests run: YOLOv8n from random weights on a few drawn pictures.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace qat::test {

inline std::string writeSmallConfig(const std::filesystem::path& folder) {
    const auto file = folder / "small.yaml";
    std::ofstream(file) << R"(model:
  variant: n
data:
  path: "shapes:train=16,val=4,size=64"
  imgsz: 64
run:
  workers: 1
quantization:
  weight: {bit_width: 4}
  layer_configs:
    - pattern: '^model\.0\.conv$'
      config:
        weight: {bit_width: 8}
calibration: {method: minmax, num_batches: 1}
qat_params: {use_lsq: true}
train_params:
  epochs: 2
  batch_size: 4
  nominal_batch: 4
  checkpoint_every: 1
analysis:
  enabled: false
  preview_images: 0
export: {formats: [onnx], validate: false}
)";
    return file.string();
}

}  // namespace qat::test
