// The snippets of the configuration guide, without their comments: everything the reader must take as it is.
#include "guide_snippets.h"

namespace qat::test {

namespace {

const std::vector<GuideSnippet> kSnippets{
    {"skeleton", R"yaml(model:
  ...
quantization:
  ...
calibration:
  ...
qat_params:
  ...
distillation:
  ...
train_params:
  ...
analysis:
  ...
export:
  ...
)yaml"},
    {"model", R"yaml(model:
  architecture: "yolov8"
  variant: "n"
  pretrained_path: "models/pretrained/yolov8n.pt"
)yaml"},
    {"weight and activation", R"yaml(quantization:
  default_qconfig: "default"
  weight:
    dtype: "qint8"
    scheme: "per_channel"
    observer: "minmax"
    symmetric: true
    bit_width: 8
    channel_axis: 0
    reduce_range: false
  activation:
    dtype: "quint8"
    scheme: "per_tensor"
    observer: "moving_average_minmax"
    symmetric: false
    bit_width: 8
    channel_axis: 0
    reduce_range: false
)yaml"},
    {"fake_quantize", R"yaml(quantization:
  ...
  fake_quantize:
    type: "custom"
    grad_factor: 1.0
    momentum: 0.1
    eps: 1e-5
)yaml"},
    {"layer_configs", R"yaml(quantization:
  ...
  layer_configs:
    - pattern: "model.0.conv"
      config:
        activation:
          observer: "histogram"
          bit_width: 8
        weight:
          observer: "per_channel_minmax"
          bit_width: 8
      fake_quantize:
        type: "custom"
        grad_factor: 1.0
    - pattern: "model.[0-9]+.detect"
      config:
        activation:
          observer: "histogram"
          bit_width: 8
        weight:
          observer: "per_channel_minmax"
          bit_width: 8
      fake_quantize:
        type: "lsq"
      calibration:
        method: "entropy"
        percentile: 99.99
)yaml"},
    {"calibration", R"yaml(calibration:
  method: "histogram"
  num_batches: 100
  percentile: 99.99
  use_coreset: true
  coreset_method: "k-center"
  coreset_size: 1000
)yaml"},
    {"qat_params", R"yaml(qat_params:
  skip_detection_head: false
  fuse_modules: true
  fusion_patterns:
    - {pattern: "model\\.\\d+\\.conv", modules: ["conv", "bn"], fuser_method: "fuse_conv_bn"}
    - {pattern: "model\\.\\d+\\.cv\\d+\\.conv", modules: ["conv", "bn", "silu"], fuser_method: "fuse_conv_bn_silu"}
  use_lsq: true
  use_mixed_precision: true
  use_distillation: true
  post_qat_fine_tuning: true
  fine_tuning_epochs: 1
  analyze_quantization_effects: true
  measure_layer_error: true
  auto_adapt_bit_width: true
)yaml"},
    {"distillation", R"yaml(distillation:
  enabled: true
  teacher_model: "models/pretrained/yolov8n.pt"
  temperature: 4.0
  alpha: 0.5
  feature_distillation: true
  feature_layers: ["model.9", "model.14"]
)yaml"},
    {"train_params", R"yaml(train_params:
  epochs: 2
  batch_size: 16
  lr: 0.0005
  lr_scheduler: "cosine"
  warmup_epochs: 1
  optimizer: "SGD"
  momentum: 0.937
  weight_decay: 0.0005
  patience: 100
  loss_weights:
    box: 0.05
    cls: 0.5
    obj: 1.0
)yaml"},
    {"analysis", R"yaml(analysis:
  enabled: true
  measure_layer_error: true
  test_samples: 100
  generate_visualization: true
  metrics: ["abs_error", "rel_error", "mAP"]
  compare_with_fp32: true
)yaml"},
    {"export", R"yaml(export:
  formats: ["onnx", "tensorrt"]
  include_metadata: true
  simplify: true
  validate: true
  include_quant_params: true
)yaml"},
    {"example 1", R"yaml(quantization:
  default_qconfig: "default"
  weight:
    dtype: "qint8"
    scheme: "per_channel"
    observer: "minmax"
    symmetric: true
    bit_width: 8
  layer_configs:
    - pattern: "model.0.conv"
      config:
        activation:
          observer: "histogram"
          bit_width: 8
        weight:
          observer: "per_channel_minmax"
          bit_width: 8
    - pattern: "model.[0-9]+.bottleneck"
      config:
        activation:
          observer: "moving_average_minmax"
          bit_width: 8
        weight:
          observer: "minmax"
          bit_width: 4
      fake_quantize:
        type: "lsq"
qat_params:
  use_mixed_precision: true
  auto_adapt_bit_width: false
)yaml"},
    {"example 2", R"yaml(calibration:
  method: "entropy"
  num_batches: 100
  use_coreset: true
  coreset_method: "k-center"
  coreset_size: 1000
distillation:
  enabled: true
  teacher_model: "models/pretrained/yolov8n.pt"
  temperature: 4.0
  alpha: 0.6
  feature_distillation: true
  feature_layers: ["model.9", "model.14"]
qat_params:
  use_distillation: true
  fuse_modules: true
  use_lsq: true
)yaml"},
    {"example 3", R"yaml(model:
  architecture: "yolov8"
  variant: "s"
quantization:
  weight:
    dtype: "qint8"
    scheme: "per_channel"
    observer: "minmax"
    symmetric: true
    bit_width: 8
  activation:
    dtype: "quint8"
    scheme: "per_tensor"
    observer: "moving_average_minmax"
    symmetric: false
    bit_width: 8
  layer_configs:
    - pattern: "model.0.conv"
      config:
        activation:
          observer: "histogram"
          bit_width: 8
        weight:
          observer: "per_channel_minmax"
          bit_width: 8
    - pattern: "model.[0-9]+.detect"
      config:
        activation:
          observer: "histogram"
          bit_width: 8
        weight:
          observer: "per_channel_minmax"
          bit_width: 8
      fake_quantize:
        type: "lsq"
calibration:
  method: "histogram"
  num_batches: 200
  use_coreset: true
  coreset_method: "k-center"
  coreset_size: 2000
qat_params:
  fuse_modules: true
  use_lsq: true
  use_mixed_precision: false
  use_distillation: true
  analyze_quantization_effects: true
distillation:
  enabled: true
  teacher_model: "models/pretrained/yolov8s.pt"
  temperature: 4.0
  alpha: 0.5
train_params:
  epochs: 5
  batch_size: 32
  lr: 0.0003
  lr_scheduler: "cosine"
  warmup_epochs: 1
  optimizer: "AdamW"
  weight_decay: 0.0005
export:
  formats: ["onnx", "tensorrt", "openvino"]
  include_metadata: true
  simplify: true
  validate: true
)yaml"},
};

}  // namespace

const std::vector<GuideSnippet>& guideSnippets() {
    return kSnippets;
}

}  // namespace qat::test
