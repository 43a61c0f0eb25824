// predict: detections of pictures, one entry for each.
#include <ATen/ATen.h>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "cli/box_options.h"
#include "cli/class_name.h"
#include "cli/class_scores.h"
#include "cli/commands.h"
#include "cli/hardware_form.h"
#include "cli/json_option.h"
#include "cli/opened_model.h"
#include "cli/output.h"
#include "cli/raw_outputs.h"
#include "config/data_name.h"
#include "data/class_frame.h"
#include "data/image_file.h"
#include "data/image_set.h"
#include "data/pixels.h"
#include "data/shapes.h"
#include "eval/evaluate.h"
#include "passes/pipeline.h"
#include "run/executor.h"
#include "session/input_size.h"
#include "session/machine_room.h"

namespace qat::cli {
namespace {

using nlohmann::ordered_json;

struct PredictOptions {
    std::string model, json, save, npy, raw, device = "cpu";
    std::vector<std::string> images;
    int imgsz = 0;
    BoxChoice boxes;
    FormChoice form;
    bool precise = false;
};

// One picture that was asked for, alone or with others.
struct Asked {
    std::string path;
    std::filesystem::path below;  // the folder that was given, of which its name in --save keeps the sub-folders
    std::function<PictureReading()> read;
    bool alone = false;             // named by itself, so that it is an error if it cannot be read
    std::filesystem::path saved{};  // where it is drawn, "" without --save
};

// Labels beside the pictures are not looked at.
std::vector<Asked> picturesOf(const std::string& spec) {
    std::vector<Asked> pictures;
    if (isDrawn(spec)) {
        const auto drawn = openDataset(spec, DataSplit::Val);
        for (int64_t i = 0; i < drawn->size(); ++i)
            pictures.push_back({drawn->path(i), {}, [drawn, i] { return PictureReading{drawn->read(i).image, ""}; }});
        return pictures;
    }
    std::error_code unreadable;
    const bool folder = std::filesystem::is_directory(spec, unreadable);
    const ImageSet set = findImages(spec, DataSplit::Val);
    for (const auto& warning : set.warnings) std::cerr << "warning: " << warning << "\n";
    for (const auto& image : set.images)
        pictures.push_back(
            {image.string(), folder ? spec : "", [image] { return readPicture(image); }, isImagePath(spec)});
    require(!pictures.empty(), ErrorKind::BadInput, "there are no pictures in ", spec);
    return pictures;
}

// Names below --save: sub-folders of a given folder are kept, a name that was taken before gets a number.
class SavedNames {
public:
    std::filesystem::path nameFor(const Asked& picture) {
        const std::filesystem::path path = picture.path;
        std::filesystem::path folder =
            picture.below.empty() ? "" : path.parent_path().lexically_relative(picture.below);
        if (folder == "." || (!folder.empty() && *folder.begin() == "..")) folder.clear();
        const std::string stem = path.stem().string();
        std::filesystem::path name = folder / (stem + ".png");
        for (int i = 2; !m_taken.insert(name).second; ++i) name = folder / str(stem, "-", i, ".png");
        return name;
    }

private:
    std::set<std::filesystem::path> m_taken;
};

ordered_json detectionJson(const Graph& graph, const Detection& d) {
    return {{"class", d.classIndex},
            {"name", className(graph, d.classIndex)},
            {"score", d.score},
            {"box", {d.box[0], d.box[1], d.box[2], d.box[3]}}};
}

void drawDetections(const Graph& graph, const ImageDetections& found, cv::Mat image,
                    const std::filesystem::path& file) {
    const cv::Scalar colour(226, 115, 10), plate(16, 12, 9);
    for (const Detection& d : found.detections) {
        const cv::Rect box(cv::Point(cvRound(d.box[0]), cvRound(d.box[1])),
                           cv::Point(cvRound(d.box[2]), cvRound(d.box[3])));
        cv::rectangle(image, box, plate, 4);
        cv::rectangle(image, box, colour, 2);
        std::ostringstream text;
        text << className(graph, d.classIndex) << " " << std::fixed << std::setprecision(2) << d.score;
        cv::putText(image, text.str(), box.tl() + cv::Point(4, 16), cv::FONT_HERSHEY_SIMPLEX, 0.5, plate, 3);
        cv::putText(image, text.str(), box.tl() + cv::Point(4, 16), cv::FONT_HERSHEY_SIMPLEX, 0.5,
                    cv::Scalar(255, 255, 255), 1);
    }
    std::vector<uchar> png;
    require(cv::imencode(".png", image, png), ErrorKind::Io, "cannot encode ", file.string());
    makeWritableFolder(file.parent_path());
    writeFileAtomic(file, {reinterpret_cast<const char*>(png.data()), png.size()});
}

bool liesIn(const std::filesystem::path& path, const std::filesystem::path& folder) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// The folder that stands for the picture and its neighbours, "" if it was named by itself or is drawn.
std::filesystem::path homeOf(const Asked& picture) {
    std::error_code unreadable;
    const std::filesystem::path home =
        picture.below.empty() ? std::filesystem::path(picture.path).parent_path() : picture.below;
    return picture.alone || !std::filesystem::is_directory(home, unreadable) ? "" : home;
}

// Says where each picture is drawn. What is drawn must not take the place of a picture, nor lie among the pictures of a
// folder, list or data.yaml: the next command would take it for one of them.
void planSaving(std::vector<Asked>& pictures, const std::string& save) {
    const auto real = [](const std::filesystem::path& path) { return std::filesystem::weakly_canonical(path); };
    const std::filesystem::path folder = real(save);
    std::set<std::filesystem::path> sources;
    for (const Asked& picture : pictures) {
        const std::filesystem::path home = homeOf(picture);
        require(home.empty() || !liesIn(folder, real(home)), ErrorKind::BadInput, "--save ", save, " lies in ",
                home.string(), ", where the pictures are");
        sources.insert(real(picture.path));
    }
    SavedNames names;
    for (Asked& picture : pictures) {
        picture.saved = std::filesystem::path(save) / names.nameFor(picture);
        require(!sources.contains(real(picture.saved)), ErrorKind::BadInput, "--save ", save,
                " would write over the picture ", picture.saved.string());
    }
}

class Predictor {
public:
    explicit Predictor(const PredictOptions& options)
        : m_options(options),
          m_opened(openForCommand(options.model, options.device, options.boxes.head).graph),
          m_host(takeForm(m_opened, options.form, options.precise)),
          m_graph(inferenceForm(m_opened)),
          m_executor(m_graph, {.outputs = {decodedOutput(m_graph)}, .frozen = true, .precise = options.precise}),
          m_boxes(options.boxes.over(predictOptions(m_graph.info))),
          m_side(options.imgsz > 0 ? options.imgsz : usualImageSize(m_graph)) {
        requireImageSize(m_graph, m_side, "--imgsz");
        cv::setNumThreads(0);
    }

    // What stands in the report about the picture; prints the same unless the report goes to standard output.
    ordered_json answer(const Asked& picture) {
        cv::Mat image;
        try {
            const PictureReading reading = picture.read();
            require(!reading.image.empty(), ErrorKind::BadInput, reading.problem);
            if (!reading.problem.empty()) std::cerr << "warning: " << reading.problem << "\n";
            image = reading.image;
        } catch (const Error& error) {
            if (m_options.images.size() == 1 && picture.alone) throw;
            if (picture.alone) m_lost = true;
            std::cerr << "warning: " << error.what() << "\n";
            return {{"image", picture.path}, {"error", error.what()}};
        }
        ++m_answered;
        const ImageDetections found = detect(image);
        ordered_json entry = entryOf(picture.path, found);
        if (m_options.json != "-") print(picture.path, found);
        if (picture.saved.empty()) return entry;
        ImageDetections drawn = found;
        if (classifies()) drawn.detections.resize(1);
        drawDetections(m_graph, drawn, image.clone(), picture.saved);
        entry["saved"] = picture.saved.string();
        return entry;
    }
    int64_t answered() const { return m_answered; }
    // Whether a picture that was named by itself got no answer.
    bool lost() const { return m_lost; }

private:
    bool classifies() const { return m_graph.info.task == kClassification.name; }

    ordered_json entryOf(const std::string& path, const ImageDetections& found) const {
        if (classifies()) return {{"image", path}, {"classes", classesJson(m_graph, found.detections)}};
        ordered_json entry{{"image", path}, {"detections", ordered_json::array()}};
        for (const Detection& d : found.detections) entry["detections"].push_back(detectionJson(m_graph, d));
        return entry;
    }

    // As pictures of classes are measured. The likeliest class stands in a box around the picture.
    ImageDetections classify(const cv::Mat& image) {
        const cv::Mat frame = classFrame(image, m_side);
        const at::Tensor input = at::empty({1, 3, m_side, m_side},
                                           at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
        writeNetworkInput(frame, input.data_ptr<float>());
        ImageDetections found;
        found.detections = likelyClasses(m_executor.run(input).front().flatten());
        found.detections.front().box = {0, 0, static_cast<float>(image.cols), static_cast<float>(image.rows)};
        return found;
    }
    ImageDetections detect(const cv::Mat& image) {
        if (classifies()) return classify(image);
        const Letterbox box = letterbox(image, {m_side, m_side}, LetterboxMode::Predict, m_side);
        const at::Tensor input = at::empty({1, 3, m_side, m_side},
                                           at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
        writeNetworkInput(box.image, input.data_ptr<float>());
        ImageInfo info;
        info.width = image.cols, info.height = image.rows;
        info.ratio = box.geometry.ratio;
        info.padLeft = static_cast<float>(box.geometry.padLeft), info.padTop = static_cast<float>(box.geometry.padTop);
        const at::Tensor decoded = m_host ? m_host->run(input) : m_executor.run(input).front();
        return detectionsOf(decoded[0], info, m_graph.info, m_boxes);
    }
    void print(const std::string& path, const ImageDetections& found) const {
        if (classifies()) return printClasses(m_graph, path, found.detections);
        std::cout << path << ": " << found.detections.size() << " objects\n";
        for (const Detection& d : found.detections)
            std::cout << "  " << std::left << std::setw(16) << className(m_graph, d.classIndex) << std::fixed
                      << std::setprecision(3) << d.score << "  " << std::setprecision(1) << d.box[0] << " " << d.box[1]
                      << " " << d.box[2] << " " << d.box[3] << "\n";
    }

    const PredictOptions& m_options;
    Graph m_opened;
    const std::unique_ptr<HostSide> m_host;  // null where the network answers by itself
    const Graph m_graph;
    Executor m_executor;
    const NmsOptions m_boxes;
    const int m_side;
    int64_t m_answered = 0;
    bool m_lost = false;
};

int writeTensors(const PredictOptions& o) {
    require(o.form.form != kHostForm, ErrorKind::BadInput, "--npy gives the network a tensor, --form host bytes");
    Graph graph = openForCommand(o.model, o.device, o.boxes.head).graph;
    takeForm(graph, o.form, o.precise);
    return writeRawOutputs(graph, o.npy, o.raw, o.precise, o.json);
}

int predict(PredictOptions o, const CancelToken& cancel) {
    if (o.imgsz > 0) o.imgsz = imageSizeOption(o.imgsz);
    requireMemoryForJob();
    if (!o.npy.empty()) return writeTensors(o);
    std::vector<Asked> pictures;
    for (const std::string& spec : o.images)
        for (Asked& picture : picturesOf(spec)) pictures.push_back(std::move(picture));
    if (!o.save.empty()) planSaving(pictures, o.save);
    Predictor predictor(o);
    if (!o.save.empty()) makeWritableFolder(o.save);
    ordered_json images = ordered_json::array();
    for (const Asked& picture : pictures) {
        if (cancel.requested()) break;
        images.push_back(predictor.answer(picture));
    }
    const bool stopped = images.size() < pictures.size();
    require(stopped || predictor.answered() > 0, ErrorKind::BadInput, "none of the ", pictures.size(),
            " pictures can be read");
    if (stopped) std::cerr << "stopped after " << images.size() << " of " << pictures.size() << " pictures\n";
    writeJson(o.json, {{"images", images}});
    return stopped ? kCancelled : predictor.lost() ? kBadInput : kDone;
}

}  // namespace

void addPredict(CLI::App& app, Context& context) {
    const auto o = std::make_shared<PredictOptions>();
    CLI::App* command = app.add_subcommand("predict", "Find objects, or the class, of pictures");
    command->add_option("MODEL", o->model, kModelHelp)->required();
    CLI::Option* images = command->add_option(
        "IMAGE", o->images, "Pictures; folders, image lists or a data.yaml (its val split) for all pictures in them");
    command->add_option("--imgsz", o->imgsz, kImageSizeHelp);
    addBoxOptions(*command, o->boxes, "0.25", "0.7, of networks with anchors 0.45");
    command->add_flag("--precise", o->precise,
                      "Add up in double precision: reference results, the same on every processor, slow");
    addFormOptions(*command, o->form);
    addDeviceOption(*command, o->device);
    addJsonOption(*command, o->json);
    command->add_option("--save", o->save,
                        "Write pictures with boxes into this folder; sub-folders are kept, equal names are numbered");
    CLI::Option* npy = command->add_option(
        "--npy", o->npy, "Instead of pictures a float32 tensor [N, C, H, W], which the network gets as it is");
    CLI::Option* raw =
        command->add_option("--raw", o->raw, "Write every output of the network into this folder as .npy");
    npy->needs(raw)->excludes(images);
    raw->needs(npy);
    command->callback([&context, o] {
        if (o->images.empty() && o->npy.empty()) throw CLI::RequiredError("IMAGE");
        context.stop = Stop::BetweenFiles, context.chosen = [o, &context] { return predict(*o, context.cancel); };
    });
}

}  // namespace qat::cli
