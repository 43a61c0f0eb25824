// Rows of data, measurement and files.
#include "config/export_formats.h"
#include "config/field_rows.h"
#include "config/image_size.h"

namespace qat {
namespace {

void addAugment(Rows<Config>& rows) {
    using A = AugmentConfig;
    constexpr auto data = &Config::data;
    constexpr auto at = &DataConfig::augment;
    const std::string section = "data.augment.";
    rows.add<data, at, &A::mosaic>(section + "mosaic", "Mosaic", "Probability of joining four images.", within(0, 1));
    rows.add<data, at, &A::closeMosaic>(section + "close_mosaic", "Close mosaic", "Last epochs without mosaic.",
                                        within(0, 100000));
    rows.add<data, at, &A::fliplr>(section + "fliplr", "Flip", "Probability of mirroring left to right.", within(0, 1));
    rows.add<data, at, &A::hsvH>(section + "hsv_h", "Hue", "Largest change of hue, as a share.", within(0, 1));
    rows.add<data, at, &A::hsvS>(section + "hsv_s", "Saturation", "Largest change of saturation, as a share.",
                                 within(0, 1));
    rows.add<data, at, &A::hsvV>(section + "hsv_v", "Brightness", "Largest change of brightness, as a share.",
                                 within(0, 1));
    rows.add<data, at, &A::scale>(section + "scale", "Scale", "Largest change of size, as a share.", within(0, 0.99));
    rows.add<data, at, &A::translate>(section + "translate", "Translate", "Largest shift, as a share of the image.",
                                      within(0, 1));
    rows.add<data, at, &A::cropPadding>(
        section + "crop_padding", "Crop padding",
        "Pixels around a classifier's picture that random crops may reach into; empty is "
        "an eighth of the image size. Of the other keys only fliplr is for classifiers.",
        within(0, 512));
}

}  // namespace

void addAnalysis(Rows<Config>& rows) {
    using A = AnalysisConfig;
    constexpr auto at = &Config::analysis;
    rows.add<at, &A::enabled>("analysis.enabled", "Enabled", "Analyses what quantization changed.");
    rows.add<at, &A::measureLayerError>("analysis.measure_layer_error", "Measure layer error",
                                        "Compares every layer's output with the floating point network.");
    rows.add<at, &A::testSamples>("analysis.test_samples", "Samples", "Images of the error analysis.", within(1, 1e6));
    rows.add<at, &A::generateVisualization>("analysis.generate_visualization", "Visualise",
                                            "Keeps pictures of the results.");
    rows.add<at, &A::metrics>("analysis.metrics", "Metrics",
                              "What is measured: abs_error, rel_error, mse, sqnr_db, cosine, mAP.");
    rows.add<at, &A::compareWithFp32>("analysis.compare_with_fp32", "Compare with FP32",
                                      "Evaluates the floating point network beside the quantized one.");
    rows.add<at, &A::previewImages>("analysis.preview_images", "Previews",
                                    "Validation images kept with the detections of both networks.", within(0, 10000));
}

void addExport(Rows<Config>& rows) {
    using E = ExportConfig;
    constexpr auto at = &Config::exporting;
    rows.add<at, &E::formats>("export.formats", "Formats", "Files written at the end.", oneOf(exportFormatKeys()));
    rows.add<at, &E::includeMetadata>("export.include_metadata", "Metadata", "Writes names and origin into the file.");
    rows.add<at, &E::simplify>("export.simplify", "Simplify", "Removes operations that change nothing.");
    rows.add<at, &E::validate>("export.validate", "Validate", "Reads the file back and compares results.");
    rows.add<at, &E::includeQuantParams>("export.include_quant_params", "Quantization parameters",
                                         "Writes scales and zero points into the file.");
    rows.add<at, &E::output>("export.output", "Output",
                             "What files for runtimes give: boxes and scores, the raw maps of the head with their "
                             "levels joined, or the 300 best detections of a head without suppression.");
}

void addData(Rows<Config>& rows) {
    using D = DataConfig;
    constexpr auto at = &Config::data;
    rows.add<at, &D::path>("data.path", "Data",
                           "data.yaml, an image list, shapes for synthetic images, or of classifiers a folder of a "
                           "folder a class, or cifar10:FOLDER and its kin.",
                           path());
    rows.add<at, &D::trainSplit>("data.train_split", "Training split", "Part of the data that trains and calibrates.",
                                 oneOf({"train", "val", "test"}));
    rows.add<at, &D::valSplit>("data.val_split", "Validation split", "Part of the data that measures.",
                               oneOf({"train", "val", "test"}));
    rows.add<at, &D::classes>("data.classes", "Classes", "Names of the classes whose objects count; empty counts all.");
    rows.add<at, &D::imgsz>("data.imgsz", "Image size",
                            "Side of the network's input; taken up to the next multiple of 32.",
                            within(kSmallestImageSize, kLargestImageSize));
    rows.add<at, &D::rect>("data.rect", "Rectangular", "Validates on batches without square padding.");
    rows.add<at, &D::valLimit>("data.val_limit", "Validation limit", "Validation images used; 0 uses all.",
                               within(0, 1e9));
    rows.add<at, &D::strict>(
        "data.strict", "Strict",
        "A damaged image or a malformed label file is an error; else the image is left out with a warning.");
    addAugment(rows);
}

void addRun(Rows<Config>& rows) {
    using R = RunConfig;
    constexpr auto at = &Config::run;
    rows.add<at, &R::seed>("run.seed", "Seed", "Start of every random draw.", within(0, 9007199254740991.0));
    rows.add<at, &R::deterministic>("run.deterministic", "Deterministic",
                                    "Off draws a new seed for each run, which the run folder then states.");
    rows.add<at, &R::device>("run.device", "Device",
                             "What computes: the processor, the first or N-th CUDA device, or CUDA where there is one.",
                             oneOf({"cpu", "cuda", "auto"}, "cuda:[0-9]{1,3}", "cuda:N"));
    rows.add<at, &R::threads>(
        "run.threads", "Threads",
        "Threads that compute; 0 takes as many as there are cores. No bit of a result depends on it.", within(0, 1024));
    rows.add<at, &R::workers>("run.workers", "Workers", "Threads that load images.", within(0, 256));
    rows.add<at, &R::output>("run.output", "Output", "Folder in which new run folders are made.", path());
}

void addSensitivity(Rows<Config>& rows) {
    using S = SensitivityConfig;
    constexpr auto at = &Config::sensitivity;
    rows.add<at, &S::bits>("sensitivity.bits", "Widths",
                           "Bit widths each layer is tried with alone; empty leaves the sweep out.", within(2, 16));
    rows.add<at, &S::samples>("sensitivity.samples", "Samples", "Images of the sweep.", within(1, 100000));
    rows.add<at, &S::tensors>("sensitivity.tensors", "Tensors",
                              "What of the layer is quantized: its weights and its input, or its weights alone.");
}

void addMixedPrecision(Rows<Config>& rows) {
    using M = MixedPrecisionConfig;
    constexpr auto at = &Config::mixedPrecision;
    rows.add<at, &M::bits>("mixed_precision.bits", "Candidates",
                           "Widths to choose from; empty takes those of the sensitivity sweep and the configured one.",
                           within(2, 16));
    rows.add<at, &M::averageBits>("mixed_precision.average_bits", "Average",
                                  "Bits a weight may have on average; 0 takes the average that is configured.",
                                  within(0, 16));
}

}  // namespace qat
