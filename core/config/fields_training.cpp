// Rows of training and what steadies it.
#include "config/field_rows.h"

namespace qat {
namespace {

void addTrainExtras(Rows<Config>& rows) {
    using T = TrainConfig;
    constexpr auto at = &Config::train;
    const std::string loss = "train_params.loss_weights.";
    constexpr auto weights = &T::lossWeights;
    rows.add<at, weights, &LossWeights::box>(loss + "box", "Box loss", "Weight of the box loss.", within(0, 1000));
    rows.add<at, weights, &LossWeights::cls>(loss + "cls", "Class loss", "Weight of the class loss.", within(0, 1000));
    rows.add<at, weights, &LossWeights::obj>(loss + "obj", "Objectness loss",
                                             "Weight of the objectness loss; scales the DFL loss where there is none.",
                                             within(0, 1000));
    rows.add<at, weights, &LossWeights::dfl>(
        loss + "dfl", "DFL loss", "Weight of the distribution focal loss, or of plain box sides; empty follows obj.",
        within(0, 1000));
    rows.add<at, &T::endToEnd>(
        "train_params.end_to_end", "Two heads",
        "How the heads of a detector without NMS share the loss: equal as in YOLOv10, decaying as in YOLO26; auto is "
        "decaying for plain box sides (reg_max 1).");
    rows.add<at, &T::loss>(
        "train_params.loss", "Loss of classes",
        "What classifiers are trained with: cross-entropy, or the squared hinge, which suits weights "
        "of 1 and 2 bits; auto is cross_entropy.");
    rows.add<at, &T::labelSmoothing>("train_params.label_smoothing", "Label smoothing",
                                     "Share of each label of a classifier that goes to all classes evenly.",
                                     within(0, 0.9));
}

}  // namespace

void addDistillation(Rows<Config>& rows) {
    using D = DistillationConfig;
    constexpr auto at = &Config::distillation;
    rows.add<at, &D::enabled>("distillation.enabled", "Enabled", "Trains against the outputs of a teacher network.");
    rows.add<at, &D::teacherModel>(
        "distillation.teacher_model", "Teacher",
        "Checkpoint or run folder of the teacher; empty takes the model the run starts from.", path());
    rows.add<at, &D::temperature>("distillation.temperature", "Temperature", "Softens the logits of both networks.",
                                  within(0.1, 100));
    rows.add<at, &D::alpha>("distillation.alpha", "Alpha",
                            "Weight of the distillation loss; the rest is that of the labels.", within(0, 1));
    rows.add<at, &D::featureDistillation>("distillation.feature_distillation", "Feature distillation",
                                          "Compares the outputs of feature_layers too.");
    rows.add<at, &D::featureLayers>(
        "distillation.feature_layers", "Feature layers",
        "Layers whose outputs are compared, by name or by an expression that matches whole names.");
}

void addTrain(Rows<Config>& rows) {
    using T = TrainConfig;
    constexpr auto at = &Config::train;
    const std::string train = "train_params.";
    rows.add<at, &T::quantize>(train + "quantize", "Quantize", "Off trains the plain floating point network.");
    rows.add<at, &T::epochs>(train + "epochs", "Epochs", "Passes over the training images; 0 only calibrates.",
                             within(0, 100000));
    rows.add<at, &T::batchSize>(train + "batch_size", "Batch size", "Images in a batch.", within(1, 4096));
    rows.add<at, &T::lr>(train + "lr", "Learning rate", "Learning rate after the warm-up.", within(0, 10));
    rows.add<at, &T::lrf>(train + "lrf", "Final share", "Last learning rate as a share of the first.", within(0, 1));
    rows.add<at, &T::lrScheduler>(train + "lr_scheduler", "Schedule", "How the learning rate falls.");
    rows.add<at, &T::lrPeriod>(train + "lr_period", "Schedule length",
                               "Epochs until the learning rate has fallen, after which it stays; 0 takes all of them.",
                               within(0, 100000));
    rows.add<at, &T::warmupEpochs>(train + "warmup_epochs", "Warm-up", "Epochs in which the learning rate rises.",
                                   within(0, 1000));
    rows.add<at, &T::optimizer>(train + "optimizer", "Optimizer",
                                "How gradients change the weights; MuSGD is SGD with steps of Muon added for matrices "
                                "and kernels.");
    rows.add<at, &T::momentum>(train + "momentum", "Momentum", "Momentum of SGD and Muon, first beta of Adam.",
                               within(0, 1));
    rows.add<at, &T::weightDecay>(train + "weight_decay", "Weight decay", "Pull of the weights towards zero.",
                                  within(0, 1));
    rows.add<at, &T::patience>(train + "patience", "Patience", "Epochs without improvement before training stops.",
                               within(1, 1e6));
    rows.add<at, &T::nominalBatch>(train + "nominal_batch", "Nominal batch",
                                   "Images per optimizer step, by accumulation; 0 steps every batch.",
                                   within(0, 65536));
    rows.add<at, &T::quantLrFactor>(
        train + "quant_lr_factor", "Scale learning rate",
        "Learning rate of quantizer scales relative to that of the weights; empty is 1 for SGD and MuSGD, 0.1 "
        "for Adam and AdamW.",
        within(0, 1000));
    rows.add<at, &T::checkpointEvery>(train + "checkpoint_every", "Checkpoint every",
                                      "Steps between resumable checkpoints; 0 writes them at epochs only.",
                                      within(0, 1e6));
    rows.add<at, &T::maxGradNorm>(train + "max_grad_norm", "Gradient norm",
                                  "Longer gradients are shortened to this; 0 leaves them.", within(0, 1e9));
    rows.add<at, &T::bnFreezeEpoch>(train + "bn_freeze_epoch", "Freeze norms after",
                                    "Epochs after which the statistics of batch norms stay; 0 is never.",
                                    within(0, 100000));
    rows.add<at, &T::multiScale>(train + "multi_scale", "Image sizes",
                                 "Largest change of the image size from batch to batch, as a share.", within(0, 0.9));
    rows.add<at, &T::frozenLayers>(train + "frozen_layers", "Frozen layers",
                                   "Expressions searched in names of layers whose weights are not trained.");
    rows.add<at, &T::classWeights>(
        train + "class_weights", "Class weights",
        "Weights of the classes in the class loss, one a class, relative to their mean; empty treats all alike.",
        within(0, 1e6));
    rows.add<at, &T::classBalance>(train + "class_balance", "Class balance",
                                   "Makes rare classes count more: labels of a class to the power of minus this; 1 is "
                                   "inverse frequency, 0 treats all alike.",
                                   within(0, 2));
    addTrainExtras(rows);
}

void addEma(Rows<Config>& rows) {
    using E = EmaConfig;
    constexpr auto at = &Config::ema;
    rows.add<at, &E::enabled>("ema.enabled", "Average weights", "Evaluates and keeps a moving average of the weights.");
    rows.add<at, &E::decay>("ema.decay", "Decay", "Share of the old average kept at each step.", within(0, 1));
    rows.add<at, &E::tau>("ema.tau", "Ramp", "Steps over which the decay rises to its value.", within(1, 1e9));
    rows.add<at, &E::scales>("ema.scales", "Average scales",
                             "Averages the scales of quantizers too; off, they are taken as they stand.");
    rows.add<at, &E::evaluateRaw>("ema.evaluate_raw", "Evaluate both",
                                  "Evaluates the model behind the average after each epoch too.");
}

void addOscillation(Rows<Config>& rows) {
    using O = OscillationConfig;
    constexpr auto at = &Config::oscillation;
    constexpr auto dampen = &O::dampen;
    constexpr auto freeze = &O::freeze;
    rows.add<at, &O::track>("oscillation.track", "Track",
                            "Follows how often weights of at most 4 bits change their code and back.");
    rows.add<at, &O::momentum>("oscillation.momentum", "Momentum",
                               "Weight of the newest step in frequencies and mean codes.", within(1e-6, 1));
    rows.add<at, &O::bnReestimation>(
        "oscillation.bn_reestimation", "Estimate norms again",
        "Batches from which the statistics of batch norms are estimated again after training; 0 is off.",
        within(0, 100000));
    rows.add<at, dampen, &DampenConfig::weight>("oscillation.dampen.weight", "Weight",
                                                "Final weight of the pull of weights to their codes; 0 is off.",
                                                within(0, 1000));
    rows.add<at, dampen, &DampenConfig::startWeight>("oscillation.dampen.start_weight", "First weight",
                                                     "Weight of the pull until its anneal begins.", within(0, 1000));
    rows.add<at, dampen, &DampenConfig::begin>("oscillation.dampen.begin", "Begin",
                                               "Share of the training at which the weight begins to change.",
                                               within(0, 1));
    rows.add<at, dampen, &DampenConfig::end>("oscillation.dampen.end", "End",
                                             "Share of the training at which the weight has its final value.",
                                             within(0, 1));
    rows.add<at, freeze, &FreezeConfig::threshold>(
        "oscillation.freeze.threshold", "Threshold",
        "Final frequency above which a weight freezes on its mean code; 0 is off.", within(0, 1));
    rows.add<at, freeze, &FreezeConfig::startThreshold>("oscillation.freeze.start_threshold", "First threshold",
                                                        "Threshold when freezing begins.", within(0, 1));
    rows.add<at, freeze, &FreezeConfig::begin>("oscillation.freeze.begin", "Begin",
                                               "Share of the training at which freezing begins.", within(0, 1));
    rows.add<at, freeze, &FreezeConfig::end>("oscillation.freeze.end", "End",
                                             "Share of the training at which the threshold has its final value.",
                                             within(0, 1));
}

void addQc(Rows<Config>& rows) {
    using Q = QcConfig;
    constexpr auto at = &Config::qc;
    rows.add<at, &Q::enabled>(
        "qc.enabled", "Correct quantization",
        "Trains a factor and an offset for each channel after the quantized convolutions, all else frozen.");
    rows.add<at, &Q::epochs>("qc.epochs", "Epochs", "Passes over the images of the correction.", within(1, 1000));
    rows.add<at, &Q::lr>("qc.lr", "Learning rate", "Of Adam at the start of the correction; falls to 0 along a cosine.",
                         within(0, 1));
    rows.add<at, &Q::images>("qc.images", "Images",
                             "Training images of the correction, drawn at random or as the calibration's coreset.",
                             within(1, 1e7));
    rows.add<at, &Q::layers>("qc.layers", "Layers",
                             "Expressions searched in names of layers; empty corrects every quantized convolution.");
    rows.add<at, &Q::fold>(
        "qc.fold", "Folding",
        "auto folds into scales that are one a channel, per_channel gives other weights such scales, never keeps "
        "factor and offset as operations.");
}

void addGate(Rows<Config>& rows) {
    using G = GateConfig;
    constexpr auto at = &Config::gate;
    rows.add<at, &G::collapseRatio>(
        "gate.collapse_ratio", "Collapse ratio",
        "Training collapsed when mAP50-95 is below this share of its best, or of where it started; 0 sets no floor.",
        within(0, 1));
    rows.add<at, &G::patience>("gate.patience", "Patience", "Epochs in a row below the floor before anything is done.",
                               within(1, 1000));
    rows.add<at, &G::reaction>(
        "gate.reaction", "Reaction",
        "What follows a collapse, a loss or gradients that are not finite, or a dead or exploding scale.");
    rows.add<at, &G::retries>("gate.retries", "Retries", "Times that training goes back to its best epoch.",
                              within(1, 100));
    rows.add<at, &G::retryLrFactor>("gate.retry_lr_factor", "Retry factor",
                                    "What each retry multiplies the learning rates with.", within(0.001, 1));
    rows.add<at, &G::stableRuns>(
        "gate.stable_runs", "Stable runs",
        "Stable runs of ema+qc on n and on s that there must be before larger models are trained; 0 asks for none.",
        within(0, 100));
    rows.add<at, &G::evidence>(
        "gate.evidence", "Evidence",
        "Folder of the runs on n and s; empty: a group of runs looks into its own folder, a single run does not ask.",
        path());
}

}  // namespace qat
