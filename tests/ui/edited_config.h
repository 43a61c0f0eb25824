// The configuration the editing tests work on: four-bit weights, three patterns, comments in many places.
#pragma once

namespace qat::test {

inline constexpr const char* kEditedConfig = R"(model:
  architecture: "yolov8"
  variant: "n"              # n, s, m, l, x
  pretrained_path: ""       # a checkpoint (.pt, .safetensors); empty starts from random weights

data:
  path: "shapes"            # data.yaml or an image list; "shapes" draws a small synthetic set
  imgsz: 320

quantization:
  weight:
    dtype: "qint8"
    scheme: "per_channel"
    observer: "per_channel_minmax"
    symmetric: true
    bit_width: 4
  activation:
    dtype: "quint8"
    scheme: "per_tensor"
    observer: "moving_average_minmax"
    symmetric: false
    bit_width: 8
  fake_quantize:
    type: "lsq"

  layer_configs:
    # first convolution and the stem: few weights, large effect
    - pattern: "^model\\.[01]\\.conv$"
      config:
        weight:
          bit_width: 8
    # fusing convolutions of the early blocks
    - pattern: "^model\\.(2|4)\\.cv[12]\\.conv$"
      config:
        weight:
          bit_width: 8
    # last convolutions of the head
    - pattern: "^model\\.22\\.cv[23]\\.[0-9]+\\.2$"
      config:
        weight:
          bit_width: 8

calibration:
  method: "minmax"
  num_batches: 16

qat_params:
  fuse_modules: true
  use_lsq: true
  use_mixed_precision: true

train_params:
  epochs: 2
  batch_size: 8
  lr: 0.0005
  lr_scheduler: "cosine"
  warmup_epochs: 1
  optimizer: "AdamW"

analysis:
  enabled: true
  test_samples: 50  # images

export:
  formats: ["onnx"]
)";

}  // namespace qat::test
