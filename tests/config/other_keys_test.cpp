// The words of the classifiers' guide: what they mean, how they are checked, and that edits keep them.
#include "config/other_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "config/config_io.h"
#include "config/edit_text.h"
#include "config/fields.h"
#include "sane_reading.h"

namespace qat {
namespace {

constexpr const char* kText =
    "seed:\n"
    "  enabled: true\n"
    "  value: 42\n"
    "dataset:\n"
    "  name: \"cifar10\"\n"
    "  root: \"./data\"   # where they lie\n"
    "  download: true\n"
    "  num_workers: 4\n"
    "model:\n"
    "  name: \"yolov8s\"\n"
    "quantization:\n"
    "  weight_bit_width: 4\n"
    "  act_bit_width: 5\n"
    "training:\n"
    "  batch_size: 128\n"
    "  epochs: 200\n"
    "optimizer:\n"
    "  name: \"sgd\"\n"
    "  learning_rate: 0.1\n"
    "  momentum: 0.9\n"
    "  weight_decay: 0.0001\n"
    "scheduler:\n"
    "  name: \"cosine\"\n"
    "  T_max: 150\n"
    "  warmup_epochs: 5\n"
    "amp:\n"
    "  enabled: false\n"
    "checkpoint:\n"
    "  enabled: true\n"
    "  dir: \"./experiments\"\n"
    "  save_best: true\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

std::vector<std::string> errorsOf(const std::string& text) {
    std::vector<std::string> errors;
    for (const ConfigIssue& issue : readConfig(text).issues)
        if (issue.severity == Severity::Error) errors.push_back(str(issue.line, ": ", issue.message));
    return errors;
}

TEST(OtherKeys, SayWhatTheTableSays) {
    const ConfigReading reading = readConfig(kText);
    EXPECT_EQ(errorsOf(kText), std::vector<std::string>{});
    const Config& config = reading.config;
    EXPECT_EQ(config.run.seed, 42);
    EXPECT_TRUE(config.run.deterministic);
    EXPECT_EQ(config.data.path, "cifar10:./data");
    EXPECT_EQ(config.run.workers, 4);
    EXPECT_EQ(config.model.architecture, "yolov8");
    EXPECT_EQ(config.model.variant, "s");
    EXPECT_EQ(config.quantization.weight.bitWidth, 4);
    EXPECT_EQ(config.quantization.activation.bitWidth, 5);
    EXPECT_EQ(config.train.batchSize, 128);
    EXPECT_EQ(config.train.epochs, 200);
    EXPECT_EQ(config.train.optimizer, OptimizerKind::Sgd);
    EXPECT_EQ(config.train.lr, 0.1);
    EXPECT_EQ(config.train.momentum, 0.9);
    EXPECT_EQ(config.train.weightDecay, 0.0001);
    EXPECT_EQ(config.train.lrPeriod, 150);
    EXPECT_EQ(config.train.warmupEpochs, 5);
    EXPECT_EQ(config.run.output, "./experiments");
    EXPECT_EQ(config.sources.of("train_params.epochs"), "line 16");
    EXPECT_EQ(config.sources.of("model.variant"), "line 10, model.architecture");
}

// Each key that is stated is told, with what it means, at its line.
TEST(OtherKeys, AreTold) {
    const ConfigReading reading = readConfig(kText);
    size_t stated = 0;
    for (const std::string_view name : {"seed", "dataset", "training", "optimizer", "scheduler", "amp", "checkpoint"})
        stated += static_cast<size_t>(std::ranges::count_if(
            otherKeys(), [&](const OtherKeyHelp& key) { return key.path.starts_with(str(name, ".")); }));
    EXPECT_EQ(reading.spellings.size(), stated + 3) << "and model.name and two of quantization";
    const auto told = [&](std::string_view key) {
        const auto found = std::ranges::find(reading.spellings, key, &ConfigSpelling::key);
        return found == reading.spellings.end() ? std::string("nothing") : str(found->line, " ", found->meaning);
    };
    EXPECT_TRUE(std::ranges::is_sorted(reading.spellings, {}, &ConfigSpelling::line));
    EXPECT_EQ(told("training.epochs"), "16 is train_params.epochs here");
    EXPECT_EQ(told("model.name"), "10 is model.architecture here");
    EXPECT_EQ(told("dataset.download"), "7 fetches nothing: the files must lie in dataset.root");
}

// What is read, written in the table's words, means the same.
TEST(OtherKeys, AreWrittenInTheTablesWords) {
    EXPECT_EQ(test::problemOfReading(kText), "");
    const std::string written = writeConfig(readConfig(kText).config);
    EXPECT_EQ(written.find("training:"), std::string::npos);
    EXPECT_TRUE(readConfig(written).spellings.empty());
}

TEST(OtherKeys, ComplaintsNameTheKeyOfTheFile) {
    EXPECT_EQ(errorsOf("training:\n  epochs: many\n").at(0).substr(0, 28), "2: training.epochs is many, ");
    EXPECT_EQ(errorsOf("optimizer:\n  name: lion\n").at(0).substr(0, 26), "2: optimizer.name is lion,");
    EXPECT_EQ(errorsOf("training:\n  epoch: 3\n").at(0),
              "2: training.epoch is not a known key (did you mean training.epochs?)");
    EXPECT_EQ(errorsOf("training: 3\n").at(0), "1: training is 3, expected a section with keys below it");
    EXPECT_EQ(errorsOf("amp:\n  enabled: maybe\n").at(0), "2: amp.enabled is maybe, expected true or false");
    EXPECT_EQ(errorsOf("model:\n  name: resnet99x\n").at(0).find("2: model.name is resnet99x, expected yolov8"), 0u);
    EXPECT_EQ(errorsOf("dataset:\n  name: cifar11\n").at(0),
              "2: dataset.name is cifar11, expected cifar10, cifar100, mnist, fashion_mnist, imagenet, folder");
    EXPECT_EQ(readConfig("dataset: {name: imagenet, root: pictures}\n").config.data.path, "pictures");
    EXPECT_EQ(errorsOf("dataset:\n  root: here\n").at(0), "2: dataset.root is stated without dataset.name");
    EXPECT_EQ(errorsOf("quantization:\n  weight_bit_width: 99\n").size(), 1u);
}

TEST(OtherKeys, SayingTheSameTwiceIsRefused) {
    EXPECT_EQ(errorsOf("train_params:\n  epochs: 3\ntraining:\n  epochs: 4\n"),
              std::vector<std::string>{"4: training.epochs is given twice"});
    EXPECT_EQ(errorsOf("model:\n  name: yolov8s\n  architecture: yolov8\n").size(), 1u);
    EXPECT_EQ(errorsOf("data:\n  path: a\ndataset:\n  name: cifar10\n").size(), 1u);
}

TEST(OtherKeys, MixedPrecisionTrainingIsWarnedOf) {
    const ConfigReading reading = readConfig("amp:\n  enabled: true\n");
    ASSERT_EQ(reading.issues.size(), 1u);
    EXPECT_EQ(reading.issues[0].severity, Severity::Warning);
    EXPECT_NE(reading.issues[0].message.find("float32"), std::string::npos);
}

TEST(OtherKeys, SwitchesSetWhatFollowsFromThem) {
    EXPECT_EQ(readConfig("checkpoint:\n  enabled: no\n").config.train.checkpointEvery, 0);
    EXPECT_EQ(readConfig("checkpoint:\n  enabled: yes\n").config.train.checkpointEvery, Config{}.train.checkpointEvery);
    EXPECT_FALSE(readConfig("seed:\n  enabled: false\n").config.run.deterministic);
}

// A form changes keys of the table; the file keeps its own words, and all its other bytes.
TEST(OtherKeys, EditsKeepTheWordsOfTheFile) {
    EXPECT_EQ(setConfigValue(kText, "train_params.epochs", "7"), replaced(kText, "epochs: 200", "epochs: 7"));
    EXPECT_EQ(setConfigValue(kText, "train_params.optimizer", "AdamW"), replaced(kText, "\"sgd\"", "\"adamw\""));
    EXPECT_EQ(setConfigValue(kText, "quantization.weight.bit_width", "2"),
              replaced(kText, "weight_bit_width: 4", "weight_bit_width: 2"));
    EXPECT_EQ(configValueAt(kText, "train_params.lr").value, "0.1");
    EXPECT_EQ(configValueAt(kText, "train_params.lr").line, 19);
    const std::string without = removeConfigValue(kText, "train_params.epochs");
    EXPECT_EQ(configValueAt(without, "train_params.epochs").line, 0);
}

// Where one key of the file says several of the table's, they are said anew.
TEST(OtherKeys, ComposedOnesAreSaidAnew) {
    const std::string named = setConfigValue(kText, "model.architecture", "yolov8m");
    EXPECT_EQ(named, replaced(kText, "yolov8s", "yolov8m"));
    const std::string moved = setConfigValue(kText, "data.path", "shapes");
    EXPECT_EQ(errorsOf(moved), std::vector<std::string>{});
    EXPECT_EQ(readConfig(moved).config.data.path, "shapes");
    EXPECT_EQ(readConfig(moved).config.run.workers, 4) << "the rest of the section stays";
    const std::string checkpoints =
        setConfigValue("checkpoint:\n  enabled: false\n  dir: a\n", "train_params.checkpoint_every", "9");
    EXPECT_EQ(readConfig(checkpoints).config.train.checkpointEvery, 9);
}

// Any key of the table can be set in such a file, one after the other.
TEST(OtherKeys, EveryKeyCanBeEdited) {
    for (const OtherKeyHelp& key : otherKeys()) {
        if (key.own.empty()) continue;
        const ConfigField* field = findField(key.own);
        ASSERT_NE(field, nullptr) << key.path;
        if (field->kind == ConfigField::Kind::Path) continue;
        const std::string value = field->choices.empty() ? field->defaultValue : field->choices.back();
        const std::string edited = setConfigValue(kText, key.own, value);
        EXPECT_EQ(configValueAt(edited, key.own).value, value) << key.own << "\n" << edited;
    }
}

TEST(OtherKeys, AreTakenOnTheCommandLine) {
    EXPECT_EQ(ownSettings("train_params.epochs", "3"), std::nullopt);
    const auto epochs = ownSettings("training.epochs", "3");
    ASSERT_TRUE(epochs && epochs->size() == 1);
    EXPECT_EQ(epochs->front().path, "train_params.epochs");
    const auto name = ownSettings("model.name", "yolov8m");
    ASSERT_TRUE(name && name->size() == 1);
    EXPECT_EQ(name->back().path, "model.architecture");
    EXPECT_THROW(ownSettings("dataset.root", "x"), Error);
    EXPECT_THROW(ownSettings("amp.enabled", "x"), Error);
}

TEST(OtherKeys, HostileFormsAreRefusedNotFatal) {
    for (const char* text :
         {"model:\n  name: [a, b]\n", "dataset: {name: {a: 1}, root: [2]}\n", "seed:\n- a\n", "training:\n",
          "training: {}\n", "optimizer: {name: {a: 1}}\n", "amp: {enabled: [true]}\n", "dataset: {name: }\n",
          "a: &x {epochs: 3}\ntraining: *x\ntrain_params: *x\n", "checkpoint: {enabled: }\n"})
        EXPECT_EQ(test::problemOfReading(text), "") << text;
}

}  // namespace
}  // namespace qat
