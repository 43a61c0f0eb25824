// Every command: its help, its JSON, and one sentence with the right exit status for what is wrong.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "cli/program.h"
#include "cli/small_config.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;

class Commands : public testing::Test {
protected:
    const ScratchFolder scratch;

    std::string path(const std::string& name) const { return (scratch.path() / name).string(); }
    std::string file(const std::string& name, const std::string& text) const {
        writeFileAtomic(scratch.path() / name, text);
        return path(name);
    }
    // The last line of stderr, which is all of it where `whole` is set.
    void expectRefused(std::vector<std::string> arguments, const std::string& part, bool whole = true) const {
        const Ended ended = cli(arguments);
        EXPECT_EQ(ended.status, 2) << ended.err;
        std::string text = ended.err;
        ASSERT_TRUE(text.ends_with('\n')) << arguments.front() << " " << part;
        text.pop_back();
        if (const size_t line = text.rfind('\n'); line != std::string::npos) {
            EXPECT_FALSE(whole) << ended.err;
            text.erase(0, line + 1);
        }
        EXPECT_TRUE(text.starts_with("qatelier-cli: ")) << text;
        EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    // A grey 64 x 48 bitmap.
    std::string picture() const {
        std::string header = "BM";
        const auto put = [&](uint32_t value, int bytes) {
            for (int i = 0; i < bytes; ++i) header.push_back(static_cast<char>(value >> (8 * i)));
        };
        const uint32_t pixels = 64 * 48 * 3;
        put(54 + pixels, 4), put(0, 4), put(54, 4), put(40, 4), put(64, 4), put(48, 4), put(1, 2), put(24, 2);
        put(0, 4), put(pixels, 4), put(2835, 4), put(2835, 4), put(0, 4), put(0, 4);
        return file("picture.bmp", header + std::string(pixels, '\x50'));
    }
};

TEST_F(Commands, HelpOfEveryCommand) {
    for (const char* command :
         {"inspect", "check", "predict", "val", "run", "sensitivity", "layer-error", "export", "demo"}) {
        const Ended ended = cli({command, "--help"});
        EXPECT_EQ(ended.status, 0) << command;
        EXPECT_NE(ended.out.find("Usage:"), std::string::npos) << ended.out;
        EXPECT_EQ(ended.err, "") << command;
    }
    const Ended all = cli({"--help"});
    EXPECT_EQ(all.status, 0);
    EXPECT_NE(all.out.find("layer-error"), std::string::npos);
    const Ended version = cli({"--version"});
    EXPECT_EQ(version.status, 0);
    EXPECT_TRUE(version.out.starts_with("0.")) << version.out;
}

TEST_F(Commands, UsageErrors) {
    expectRefused({}, "subcommand");
    expectRefused({"nonsense"}, "");
    for (const char* command : {"inspect", "check", "predict", "val", "run", "sensitivity", "layer-error", "export"})
        expectRefused({command}, "required");
    expectRefused({"val", "yolov8n", "--data", "shapes", "--imgsz", "big"}, "--imgsz");
    expectRefused({"val", "yolov8n", "--data", "shapes", "--split", "rest"}, "--split");
    expectRefused({"predict", "yolov8n", "x.png", "--conf", "2"}, "--conf");
    expectRefused({"inspect", "yolov8n", "--nonsense"}, "--nonsense");
}

TEST_F(Commands, BadModels) {
    const std::string junk = file("junk.pt", "nothing of use");
    const std::string empty = file("empty.pt", "");
    for (const std::string& model : {path("none.pt"), empty, scratch.path().string()})
        expectRefused({"inspect", model}, model);
    expectRefused({"inspect", junk}, junk);
    expectRefused({"predict", junk, picture()}, junk);
    expectRefused({"val", junk, "--data", "shapes"}, junk);
    expectRefused({"export", junk, "--out", path("o")}, junk);
    expectRefused({"inspect", "yolov8q"}, "no variant \"q\"");
    expectRefused({"inspect", "yolov8n", "--imgsz", "999999999"}, "--imgsz is 999999999, expected from 32 to 4096");
}

// ir_version and a graph: the same sentence from every command that is given the file.
TEST_F(Commands, OtherFormatsAreNamedByAllAlike) {
    const std::string onnx = file("m.onnx", "\x08\x08\x3a\x02gg"),
                      sentence = onnx + ": it is an ONNX file; models are read from PyTorch checkpoints";
    expectRefused({"inspect", onnx}, sentence);
    expectRefused({"predict", onnx, picture()}, sentence);
    expectRefused({"val", onnx, "--data", "shapes"}, sentence);
    const std::string config = file(
        "onnx.yaml", "model:\n  pretrained_path: m.onnx\ndata: {path: 'shapes:train=4,val=2,size=64', imgsz: 64}\n");
    expectRefused({"run", config, "--out", path("o")}, sentence, false);
    const Ended check = cli({"check", config, "--groups"});
    EXPECT_EQ(check.status, 2);
    EXPECT_NE(check.out.find(config + ":2:1: error: model.pretrained_path: " + sentence), std::string::npos)
        << check.out;
    EXPECT_NE(check.out.find("not valid"), std::string::npos) << check.out;
}

TEST_F(Commands, SizesAreTakenUpAlikeAndBounded) {
    const std::string notice = "--imgsz is 50, which is no multiple of 32, so 64 is taken\n";
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"inspect", "yolov8n"},
                                                      {"predict", "yolov8n", picture()},
                                                      {"val", "builtin:shapes", "--data", "shapes:val=2,size=64"}}) {
        std::vector<std::string> sized = arguments;
        sized.insert(sized.end(), {"--imgsz", "50"});
        const Ended ended = cli(sized);
        EXPECT_EQ(ended.status, 0) << ended.err;
        EXPECT_NE(ended.err.find(notice), std::string::npos) << ended.err;
    }
    expectRefused({"val", "builtin:shapes", "--data", "shapes:val=2,size=64", "--imgsz", "4096", "--batch", "1024"},
                  "--batch 1024 with --imgsz 4096 takes at least ");
}

TEST_F(Commands, ClassesOfAnotherOrderAreMatchedByName) {
    for (const char* folder : {"images", "labels"}) std::filesystem::create_directory(scratch.path() / folder);
    file("images/a.bmp", readFile(picture()));
    file("labels/a.txt", "1 0.5 0.5 0.2 0.2\n");
    const std::string data = file("data.yaml", "train: images\nval: images\nnames: [star, Disc]\n");
    const Ended ended = cli({"val", "builtin:shapes", "--data", data, "--imgsz", "64", "--json", path("v.json")});
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_NE(ended.err.find("matched by name: \"star\", class 0 of the data, is class 5 of the model"),
              std::string::npos)
        << ended.err;
    const json classes = readJson(path("v.json"))["classes"];
    ASSERT_EQ(classes.size(), 1u);
    EXPECT_EQ(classes[0]["name"], "disc");
    EXPECT_EQ(classes[0]["class"], 0);
    expectRefused({"val", "builtin:shapes", "--data", file("wrong.yaml", "val: images\nnames: [star, ball]\n")},
                  "builtin:shapes has no class \"ball\", which is class 1 of " + path("wrong.yaml"));
}

TEST_F(Commands, BadData) {
    expectRefused({"predict", "yolov8n", path("none.png")}, "none.png");
    expectRefused({"predict", "yolov8n", file("bad.png", "no picture")}, "bad.png");
    expectRefused({"val", "yolov8n", "--data", path("none.yaml")}, "none.yaml");
    expectRefused({"val", "yolov8n", "--data", "shapes:val=0"}, "val");
    expectRefused({"val", "yolov8n", "--data", "shapes:val=1,size=64", "--imgsz", "64"}, "80 classes");
    expectRefused({"predict", "yolov8n", picture(), "--imgsz", "64", "--json", "/proc/none.json"}, "/proc/none.json");
    expectRefused({"predict", "yolov8n", picture(), "--imgsz", "64", "--save", "/proc/none"}, "/proc/none");
}

TEST_F(Commands, BadConfigurations) {
    const std::string config = writeSmallConfig(scratch.path());
    const std::string unknown = file("unknown.yaml", "model:\n  colour: red\n");
    for (const char* command : {"run", "sensitivity", "layer-error"}) {
        expectRefused({command, unknown, "--out", path("o")}, "unknown.yaml:2");
        expectRefused({command, config, "--out", path(command), "--data", path("none.yaml")}, "none.yaml", false);
    }
    expectRefused({"run", path("none.yaml"), "--out", path("o")}, "none.yaml");
    expectRefused({"run", config, "--out", path("o"), "--set", "nonsense"}, "key.path=value");
    expectRefused({"run", config, "--out", path("o"), "--set", "train_params.epochs=-1"}, "train_params.epochs");
    expectRefused({"run", config, "--out", "/proc/o"}, "/proc/o");
    EXPECT_FALSE(std::filesystem::exists(scratch.path() / "o"));
    expectRefused({"run", config, "--out", path("o"), "--resume"}, "not a run folder");
    expectRefused({"export", "yolov8n", "--out", path("o"), "--format", "pdf"}, "pdf");
    expectRefused({"check", path("none.yaml")}, "none.yaml");
}

TEST_F(Commands, InspectJson) {
    for (const std::string& target : {path("i.json"), std::string("-")}) {
        const Ended ended = cli({"inspect", "yolov8n", "--json", target});
        ASSERT_EQ(ended.status, 0) << ended.err;
        const json description = json::parse(target == "-" ? ended.out : readFile(target));
        EXPECT_EQ(description["parameters"], 3157200);
        EXPECT_EQ(description["input"], json::array({3, 640, 640}));
        ASSERT_EQ(description["layers"].size(), 63u);
        int64_t macs = 0;
        for (const json& layer : description["layers"]) {
            for (const char* key : {"name", "aliases", "op", "weight_shape", "output_shape", "macs"})
                EXPECT_TRUE(layer.contains(key)) << key;
            macs += layer["macs"].get<int64_t>();
        }
        EXPECT_GT(description["macs"].get<int64_t>(), macs);  // the frozen expectation is counted, but is no layer
        EXPECT_LT(description["macs"].get<int64_t>() - macs, 1000000);
    }
}

TEST_F(Commands, CheckJson) {
    const std::string config = writeSmallConfig(scratch.path());
    const Ended good = cli({"check", config, "--json", path("c.json")});
    ASSERT_EQ(good.status, 0) << good.err;
    const json report = readJson(path("c.json"));
    EXPECT_EQ(report["valid"], true);
    ASSERT_EQ(report["patterns"].size(), 1u);
    EXPECT_EQ(report["patterns"][0], (json{{"key", "quantization.layer_configs[0]"},
                                           {"pattern", "^model\\.0\\.conv$"},
                                           {"line", 11},
                                           {"layers", {"model.0.conv"}},
                                           {"warnings", json::array()}}));
    const Ended bad = cli({"check", file("bad.yaml", "model:\n  variant: n\n  colour: red\n"), "--json", "-"});
    EXPECT_EQ(bad.status, 2);
    const json issues = json::parse(bad.out);
    EXPECT_EQ(issues["valid"], false);
    EXPECT_EQ(issues["issues"][0]["line"], 3);
    EXPECT_EQ(issues["issues"][0]["severity"], "error");
    for (const char* key : {"column", "key", "message"}) EXPECT_TRUE(issues["issues"][0].contains(key)) << key;
}

TEST_F(Commands, CheckShowsEveryValueAndItsSourceAndWhatLossWeightsBecome) {
    const std::string config =
        file("v.yaml",
             "quantization:\n  weight: {bit_width: 6}\n  layer_configs:\n    - pattern: '^model\\.0\\.conv$'\n      "
             "config: {weight: {bit_width: 8}}\n"
             "qat_params: {use_lsq: true}\ntrain_params:\n  loss_weights: {box: 0.1, obj: 2.0}\n");
    const Ended text = cli({"check", config, "--layers"});
    ASSERT_EQ(text.status, 0) << text.err;
    EXPECT_NE(text.out.find("gains in YOLOv8's loss: box 15, cls 0.5, dfl 3"), std::string::npos) << text.out;
    const json report = json::parse(cli({"check", config, "--layers", "--json", "-"}).out);
    EXPECT_EQ(report["loss_gains"], (json{{"box", 15.0}, {"cls", 0.5}, {"dfl", 3.0}}));
    ASSERT_EQ(report["layers"].size(), 63u);
    const auto stated = [&](size_t layer, const char* key) { return report["layers"][layer]["values"][key]; };
    EXPECT_EQ(stated(0, "config.weight.bit_width"), (json{{"value", "8"}, {"origin", "pattern 1, line 4"}}));
    EXPECT_EQ(stated(1, "config.weight.bit_width"), (json{{"value", "6"}, {"origin", "line 2"}}));
    EXPECT_EQ(stated(62, "config.weight.bit_width"), (json{{"value", "8"}, {"origin", "head policy"}}));
    EXPECT_EQ(report["layers"][62]["policies"][0]["name"], "head");
    EXPECT_EQ(report["layers"][1]["policies"].size(), 0u);
    EXPECT_EQ(report["policies"][0]["layers"], 6);
    EXPECT_NE(text.out.find("head policy, 6 layers: boxes and scores are read off its result"), std::string::npos);
    EXPECT_EQ(stated(1, "config.weight.scheme"), (json{{"value", "per_channel"}, {"origin", "default"}}));
    EXPECT_EQ(stated(1, "fake_quantize.type"), (json{{"value", "lsq"}, {"origin", "qat_params.use_lsq, line 6"}}));
    EXPECT_EQ(cli({"check", file("plain.yaml", "model: {variant: n}\n")}).out.find("loss_weights"), std::string::npos);
}

TEST_F(Commands, LossWeightsOfANetworkWithAnchorsAreItsOwn) {
    const std::string config = file("a.yaml",
                                    "model: {architecture: yolov5, variant: n}\n"
                                    "train_params: {loss_weights: {box: 0.1}}\n");
    EXPECT_NE(cli({"check", config}).out.find("box 0.1, cls 0.5, obj 1 are YOLOv5's, whose loss this network has\n"),
              std::string::npos);
    EXPECT_EQ(json::parse(cli({"check", config, "--json", "-"}).out)["loss_gains"],
              (json{{"box", 0.1}, {"cls", 0.5}, {"obj", 1.0}}));
}

TEST_F(Commands, CheckReadsATableOfLayers) {
    file("net.yaml",
         "nc: 3\nbackbone:\n  - [-1, 1, Conv, [8, 3, 2]]\n  - [-1, 1, Conv, [16, 3, 64]]\nhead:\n"
         "  - [[0, 1], 1, Detect, [nc]]\n");
    const std::string config = file("t.yaml",
                                    "model:\n  architecture: net.yaml\nquantization:\n  layer_configs:\n"
                                    "    - pattern: '^model\\.1\\.conv$'\n      config: {weight: {bit_width: 4}}\n");
    const Ended good = cli({"check", config, "--layers", "--json", "-"});
    EXPECT_EQ(good.status, 0) << good.out << good.err;
    const json report = json::parse(good.out);
    EXPECT_EQ(report["patterns"][0]["layers"], json{"model.1.conv"});
    EXPECT_EQ(report["layers"][0]["layer"], "model.0.conv");
    const auto complaint = [&](const char* text) {
        const Ended ended = cli({"check", file("bad.yaml", text), "--json", "-"});
        EXPECT_EQ(ended.status, 2) << ended.err;
        const json issue = json::parse(ended.out)["issues"][0];
        return str(issue["line"].get<int>(), " ", issue["message"].get<std::string>());
    };
    EXPECT_EQ(complaint("model:\n  architecture: lost.yaml\n"),
              str("2 model.architecture: cannot open ", path("lost.yaml"), ": No such file or directory"));
    file("odd.yaml", "backbone:\n  - [-1, 1, Conv, [8, 3, 2]]\nhead:\n  - [-1, 1, Wonder, [nc]]\n");
    EXPECT_EQ(complaint("model: {architecture: odd.yaml}\n"),
              str("1 model.architecture: ", path("odd.yaml"), ": no module is called Wonder (row 1)"));
    EXPECT_EQ(complaint("data: {imgsz: 320}\nmodel:\n  architecture: net.yaml\n"),
              "3 model.architecture: data.imgsz is 320, but net takes multiples of 128: 384 would do");
    expectRefused({"predict", path("net.yaml"), picture(), "--imgsz", "64"},
                  "--imgsz is 64, but net takes multiples of 128");
    EXPECT_NE(cli({"inspect", "--help"}).out.find("table of layers (.yaml)"), std::string::npos);
}

TEST_F(Commands, RunFoldersAreMadeWhereTheConfigurationSays) {
    const std::string config =
        file("mine.yaml",
             "data: {path: 'shapes:train=4,val=2,size=64', imgsz: 64}\nrun: {output: made/here}\n"
             "train_params: {epochs: 0, batch_size: 2}\ncalibration: {num_batches: 1}\nanalysis: {enabled: "
             "false}\nexport: {formats: []}\n");
    const Ended ended = cli({"run", config});
    ASSERT_EQ(ended.status, 0) << ended.err;
    int folders = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path("made/here"))) {
        ++folders;
        EXPECT_TRUE(entry.path().filename().string().starts_with("mine-")) << entry.path();
        EXPECT_NE(ended.out.find(entry.path().string()), std::string::npos) << ended.out;
    }
    EXPECT_EQ(folders, 1);
    expectRefused({"run", config, "--resume"}, "--out");
}

TEST_F(Commands, DiffAndSchema) {
    const std::string config = writeSmallConfig(scratch.path()),
                      other = file("other.yaml", "train_params:\n  epochs: 77\n");
    const Ended same = cli({"diff", config, config});
    EXPECT_EQ(same.status, 0);
    EXPECT_EQ(same.out, "both mean the same\n");
    const Ended differs = cli({"diff", config, other, "--json", "-"});
    ASSERT_EQ(differs.status, 0) << differs.err;
    const json report = json::parse(differs.out);
    bool found = false;
    for (const auto& row : report["differences"]) found |= row["key"] == "train_params.epochs" && row["second"] == "77";
    EXPECT_TRUE(found) << differs.out;
    const Ended schema = cli({"schema"});
    EXPECT_EQ(schema.status, 0);
    EXPECT_TRUE(json::parse(schema.out)["properties"].contains("quantization"));
    EXPECT_EQ(cli({"diff", config, path("missing.yaml")}).status, 2);
}

TEST_F(Commands, CheckTellsGroupsAndPlacement) {
    const std::string config =
        file("g.yaml",
             "quantization:\n  scale_groups: {concat: requantize}\nqat_params:\n  fusion_patterns:\n"
             "    - {pattern: '.*', modules: [conv, bn]}\n");
    const Ended text = cli({"check", config, "--groups", "--placement"});
    ASSERT_EQ(text.status, 0) << text.err;
    for (const char* part :
         {"model.2.cv1.act: one range of 8 bits for 2 tensors\n  made by    model.2.cv1.act, model.2.m.0.cv2.act\n",
          "joined by  model.2.m.0.add (add, union)\n",
          "model.2.cat: its sources keep their ranges (concat, requantize)\n", "TensorRT: refused: zero-point, ",
          "ONNX Runtime: note: concat-grids, 12 places: model.2.cat, ",
          "  6 of them are conv, not conv + bn: model.22.cv2.0.2, "})
        EXPECT_NE(text.out.find(part), std::string::npos) << part << "\n" << text.out;
    const json report = json::parse(cli({"check", config, "--groups", "--placement", "--json", "-"}).out);
    EXPECT_EQ(report["groups"][0]["name"], "images");
    EXPECT_EQ(report["joins"][0]["mode"], "union");
    EXPECT_EQ(report["placement"][0]["rule"], "zero-point");
    EXPECT_EQ(report["patterns"][0]["others"][0]["layers"].size(), 6u);
    EXPECT_FALSE(json::parse(cli({"check", config, "--json", "-"}).out).contains("groups"));
    expectRefused({"run", file("u.yaml", "quantization:\n  scale_groups: {concat: union}\n"), "--out", path("o")},
                  "expected output, largest or requantize");
}

TEST_F(Commands, PredictJsonAndPictures) {
    const Ended ended = cli({"predict", "yolov8n", picture(), "--imgsz", "64", "--conf", "0", "--json", path("p.json"),
                             "--save", path("drawn")});
    ASSERT_EQ(ended.status, 0) << ended.err;
    const json report = readJson(path("p.json"));
    ASSERT_EQ(report["images"].size(), 1u);
    EXPECT_EQ(report["images"][0]["image"], path("picture.bmp"));
    ASSERT_FALSE(report["images"][0]["detections"].empty());
    for (const json& found : report["images"][0]["detections"]) {
        EXPECT_TRUE(found["class"].is_number_integer() && found["name"].is_string() && found["score"].is_number());
        EXPECT_EQ(found["box"].size(), 4u);
    }
    EXPECT_TRUE(std::filesystem::exists(scratch.path() / "drawn/picture.png"));
}

// One run through all commands that take a run folder.
TEST_F(Commands, RunThenUseTheRun) {
    const std::string config = writeSmallConfig(scratch.path()), run = path("run");
    const Ended ended = cli({"run", config, "--out", run, "--set", "train_params.epochs=0"});
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_NE(ended.out.find("run folder: " + run), std::string::npos) << ended.out;
    const Ended inspect = cli({"inspect", run, "--imgsz", "64", "--json", "-"});
    ASSERT_EQ(inspect.status, 0) << inspect.err;
    EXPECT_EQ(json::parse(inspect.out)["layers"].size(), 63u);
    const Ended val = cli({"val", run, "--data", "shapes:val=4,size=64", "--imgsz", "64", "--json", path("v.json")});
    ASSERT_EQ(val.status, 0) << val.err;
    const json metrics = readJson(path("v.json"));
    EXPECT_EQ(metrics["images"], 4);
    for (const char* key : {"mAP50-95", "mAP50", "mAP75", "precision", "recall"})
        EXPECT_TRUE(metrics["metrics"][key].is_number()) << key;
    for (const char* key : {"preprocess_ms", "inference_ms", "postprocess_ms"})
        EXPECT_GE(metrics["speed"][key].get<double>(), 0) << key;
    ASSERT_FALSE(metrics["classes"].empty());
    for (const char* key : {"class", "name", "images", "labels", "AP50-95", "AP50"})
        EXPECT_TRUE(metrics["classes"][0].contains(key)) << key;
    EXPECT_TRUE(std::ranges::any_of(metrics["classes"], [](const json& c) {
        return c["name"] == "disc" || c["name"] == "ring" || c["name"] == "star" || c["name"] == "square";
    }));
    const Ended exported = cli({"export", run, "--out", path("e"), "--format", "onnx,safetensors16"});
    EXPECT_EQ(exported.status, 0) << exported.err;
    EXPECT_TRUE(std::filesystem::exists(scratch.path() / "e/model.onnx"));
    EXPECT_TRUE(std::filesystem::exists(scratch.path() / "e/model.safetensors"));
    expectRefused({"run", config, "--out", run}, "already holds a run");
}

TEST_F(Commands, AnalysisCommandsWriteTheirReports) {
    const std::string config = writeSmallConfig(scratch.path());
    ASSERT_EQ(cli({"sensitivity", config, "--out", path("s"), "--set", "sensitivity.bits=4"}).status, 0);
    EXPECT_EQ(readJson(scratch.path() / "s/layer-sensitivity-report.json")["layer_sensitivity"].size(), 63u);
    ASSERT_EQ(cli({"layer-error", config, "--out", path("l")}).status, 0);
    EXPECT_NE(readFile(scratch.path() / "l/events.jsonl").find("\"table\":\"error\""), std::string::npos);
}

}  // namespace
}  // namespace qat::test
