// val: accuracy on a data set.
#include <ATen/core/Tensor.h>

#include <iomanip>
#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "cli/box_options.h"
#include "cli/class_name.h"
#include "cli/commands.h"
#include "cli/hardware_form.h"
#include "cli/json_option.h"
#include "cli/opened_model.h"
#include "cli/output.h"
#include "data/class_match.h"
#include "eval/coco.h"
#include "eval/evaluate.h"
#include "session/input_size.h"
#include "session/machine_room.h"
#include "session/memory_need.h"
#include "task/beside_boxes.h"
#include "task/detect_task.h"
#include "task/task.h"

namespace qat::cli {
namespace {

using nlohmann::ordered_json;

struct ValOptions {
    std::string model, data, json;
    std::string split = "val", device = "cpu";
    int imgsz = 0, batch = 16, workers = 2;
    BoxChoice boxes;
    FormChoice form;
    bool rect = false, coco = false, precise = false, strict = false;
};

ordered_json metricsJson(const Graph& graph, const EvaluationResult& result) {
    const DetectionMetrics& m = result.metrics;
    ordered_json classes = ordered_json::array();
    for (const ClassMetrics& c : m.classes)
        classes.push_back({{"class", c.classIndex},
                           {"name", className(graph, c.classIndex)},
                           {"images", c.images},
                           {"labels", c.labels},
                           {"AP50-95", c.ap},
                           {"AP50", c.ap50}});
    return {{"metrics",
             {{"mAP50-95", m.map},
              {"mAP50", m.map50},
              {"mAP75", m.map75},
              {"precision", m.precision},
              {"recall", m.recall},
              {"f1", m.f1},
              {"recommended_confidence", m.confidence ? ordered_json(*m.confidence) : ordered_json(nullptr)}}},
            {"classes", classes},
            {"images", m.images},
            {"speed",
             {{"preprocess_ms", result.preprocessMs},
              {"inference_ms", result.inferenceMs},
              {"postprocess_ms", result.postprocessMs}}}};
}

ordered_json measuredJson(const MeasuringFacts& facts, const std::string& input) {
    ordered_json json{{"input", input}};
    for (const auto& [name, words] : facts.words) json[name] = words;
    for (const auto& [name, value] : facts.settings) json[name] = value;
    return json;
}

// ", one2one head, ..."
std::string measuredText(const MeasuringFacts& facts) {
    std::string text;
    for (const auto& [name, words] : facts.words) text += ", " + words + (name == "head" ? " head" : "");
    return text;
}

ordered_json cocoJson(const EvaluationResult& result, int classes) {
    std::vector<CocoImage> images;
    for (const ImageDetections& image : result.images) images.push_back(cocoImage({image.detections, image.labels}));
    const CocoMetrics m = cocoMetrics(images, classes);
    return {{"AP", m.ap},       {"AP50", m.ap50},    {"AP75", m.ap75},
            {"APs", m.apSmall}, {"APm", m.apMedium}, {"APl", m.apLarge}};
}

std::function<at::Tensor(const at::Tensor&)> decodingOf(HostSide* host) {
    if (!host) return {};
    return [host](const at::Tensor& images) { return host->run(images); };
}

// The figures of another task than finding boxes.
ordered_json figuresJson(const Measurement& measured) {
    ordered_json metrics = ordered_json::object();
    for (const Metric& metric : measured.metrics.values) metrics[metric.label] = metric.value;
    return {{"metrics", metrics}, {"images", measured.images}};
}

int valOfTask(const ValOptions& o, Graph& graph, const CancelToken& cancel) {
    const Task& task = taskOf(graph.info);
    for (const auto& [given, option] : {std::pair{o.coco, "--coco"},
                                        {o.rect, "--rect"},
                                        {o.precise, "--precise"},
                                        {o.form.form != kOwnForm, "--form"}})
        require(!given, ErrorKind::BadInput, option, ": ", o.model, " is for ", task.name(),
                ", and that is for detectors");
    const auto opened =
        openDataset(o.data, splitNamed(o.split), o.strict ? DataCheck::Strict : DataCheck::Lenient, task.labels());
    for (const auto& warning : opened->warnings()) std::cerr << "warning: " << warning << "\n";
    const auto [data, names, notes] = inClassesOf({graph.info.classNames, o.model}, opened, o.data);
    for (const auto& note : notes) std::cerr << "note: " << note << "\n";
    requireImageSize(graph, o.imgsz, "--imgsz");
    requireMemory(graph, o.batch, o.imgsz, "--batch", "--imgsz");
    LoaderOptions options;
    options.imgsz = o.imgsz, options.batch = o.batch, options.workers = o.workers;
    Loader loader(data, options);
    ConsoleSink console;
    const Measurement measured = task.measure(
        graph, loader, false, cancel, [&](int64_t done, int64_t total) { console.progress("val", done, total); });
    for (const auto& damage : data->foundDamaged()) std::cerr << "warning: " << damage << "\n";
    ordered_json json = figuresJson(measured);
    json["measured"] = measuredJson(task.measuring(graph.info, {}), inputShapeText(o.imgsz, false));
    json["left_out"] = data->leftOut();
    writeJson(o.json, json);
    if (o.json == "-") return kDone;
    std::cout << "images " << measured.images << "\n";
    for (const Metric& metric : measured.metrics.values)
        std::cout << std::left << std::setw(18) << metric.label << std::fixed << std::setprecision(metric.decimals)
                  << metric.value << "\n";
    std::cout << "measured at " << inputShapeText(o.imgsz, false) << "\n";
    return kDone;
}

int val(ValOptions o, const CancelToken& cancel) {
    if (o.imgsz > 0) o.imgsz = imageSizeOption(o.imgsz);
    requireMemoryForJob();
    Graph graph = openForCommand(o.model, o.device, o.boxes.head).graph;
    if (o.imgsz == 0) o.imgsz = usualImageSize(graph);
    if (graph.info.task != kDetection.name) return valOfTask(o, graph, cancel);
    const auto opened = openDataset(o.data, splitNamed(o.split), o.strict ? DataCheck::Strict : DataCheck::Lenient);
    for (const auto& warning : opened->warnings()) std::cerr << "warning: " << warning << "\n";
    const auto [data, names, notes] = inClassesOf({graph.info.classNames, o.model}, opened, o.data);
    for (const auto& note : notes) std::cerr << "note: " << note << "\n";
    graph.info.classNames = names;
    requireImageSize(graph, o.imgsz, "--imgsz");
    requireMemory(graph, o.batch, o.imgsz, "--batch", "--imgsz");
    LoaderOptions options;
    options.imgsz = o.imgsz;
    options.batch = o.batch;
    options.workers = o.workers;
    options.rect = o.rect;
    options.rectStep = sideStep(graph);
    Loader loader(data, options);
    const auto host = takeForm(graph, o.form, o.precise);
    const NmsOptions boxes = o.boxes.over(validateOptions(graph.info));
    const MeasuringFacts facts = detectMeasuring(graph.info, boxes, besideBoxes(graph));
    ConsoleSink console;
    const EvaluationResult result =
        evaluate(graph, loader, {boxes, o.coco, o.precise, decodingOf(host.get())}, cancel,
                 [&](int64_t done, int64_t total) { console.progress("val", done, total); });
    for (const auto& damage : data->foundDamaged()) std::cerr << "warning: " << damage << "\n";
    ordered_json json = metricsJson(graph, result);
    json["measured"] = measuredJson(facts, inputShapeText(o.imgsz, o.rect));
    json["measured"]["form"] = o.form.form;
    json["left_out"] = data->leftOut();
    if (o.coco) json["coco"] = cocoJson(result, static_cast<int>(graph.info.numClasses));
    writeJson(o.json, json);
    if (o.json == "-") return kDone;
    const DetectionMetrics& m = result.metrics;
    std::cout << std::fixed << std::setprecision(4) << "images " << m.images << ", labels " << m.labels << "\nmAP50-95 "
              << m.map << "\nmAP50    " << m.map50 << "\nmAP75    " << m.map75 << "\nprecision " << m.precision
              << "\nrecall    " << m.recall << "\n"
              << (m.confidence ? str("recommended confidence ", *m.confidence, ", where F1 is ", m.f1, "\n") : "")
              << "measured at " << inputShapeText(o.imgsz, o.rect) << measuredText(facts)
              << (o.form.form == kOwnForm ? "" : ", form " + o.form.form) << "\n"
              << std::setprecision(2) << "per image: preprocess " << result.preprocessMs << " ms, inference "
              << result.inferenceMs << " ms, postprocess " << result.postprocessMs << " ms\n";
    if (o.coco) std::cout << "COCO " << jsonText(json["coco"]) << "\n";
    return kDone;
}

}  // namespace

void addVal(CLI::App& app, Context& context) {
    const auto o = std::make_shared<ValOptions>();
    CLI::App* command = app.add_subcommand("val", "Accuracy of a model on a data set");
    command->add_option("MODEL", o->model, kModelHelp)->required();
    command
        ->add_option(
            "--data", o->data,
            "data.yaml, image list or shapes[:key=value,...]; of a classifier a folder of a folder a class, or "
            "cifar10:FOLDER and its kin")
        ->required();
    command->add_option("--split", o->split, "Split of the data set")
        ->capture_default_str()
        ->check(CLI::IsMember({"train", "val", "test"}));
    command->add_option("--imgsz", o->imgsz, kImageSizeHelp);
    command->add_option("--batch", o->batch, "Images a batch")->capture_default_str()->check(CLI::Range(1, 1024));
    addBoxOptions(*command, o->boxes, "0.001", "0.7, of networks with anchors 0.6");
    command->add_option("--workers", o->workers, "Loader threads")->capture_default_str()->check(CLI::Range(0, 64));
    command->add_flag("--rect", o->rect, "Batches of images of like shape instead of squares");
    command->add_flag("--strict", o->strict, "Refuse data with a damaged picture or a malformed label file");
    command->add_flag("--coco", o->coco, "Also the COCO metrics (101 points; small, medium, large)");
    command->add_flag("--precise", o->precise,
                      "Add up in double precision: reference results, the same on every processor, slow");
    addFormOptions(*command, o->form);
    addDeviceOption(*command, o->device);
    addJsonOption(*command, o->json);
    command->callback([&context, o] { context.chosen = [o, &context] { return val(*o, context.cancel); }; });
}

}  // namespace qat::cli
