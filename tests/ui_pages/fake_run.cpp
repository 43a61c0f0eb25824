// A made-up run: curves follow simple laws with seeded noise; pictures are shapes on a
// gradient with boxes that fit them.
#include "ui_pages/fake_run.h"

#include <QColor>
#include <QDateTime>
#include <QImage>
#include <QLinearGradient>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/random.h"
#include "runs/folder.h"
#include "runs/layer_info.h"
#include "support/detection_series.h"
#include "support/event_file.h"
#include "support/recorded_run.h"
#include "ui_pages/fake_layers.h"

namespace qat::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr double kFp32Map = 0.4710, kPtqMap = 0.0841;
constexpr const char* kClasses[] = {"disc", "square", "triangle", "ring"};

struct Writer : EventFile {
    Writer(const fs::path& folder, uint64_t seed) : EventFile(folder), random(seed) {}
    Random random;
    void at(double seconds) { t += seconds; }
};

std::string fixed(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", value);
    return text;
}

void writeLayers(const fs::path& folder) {
    std::vector<LayerInfo> layers;
    for (const FakeLayer& fake : fakeLayers()) {
        const bool head = fake.name.rfind("model.22", 0) == 0 && fake.name.find(".2.") == std::string::npos;
        const bool fixedBits = fake.name == "model.0.conv" || head;
        LayerInfo& layer = layers.emplace_back();
        layer.name = fake.name;
        layer.op = "Conv2d";
        layer.weightShape = fake.weightShape;
        layer.outputShape = {1, fake.outputShape[0], fake.outputShape[1], fake.outputShape[2]};
        layer.parameters = fake.parameters;
        layer.macs = fake.macs;
        layer.weightBits = fixedBits ? 8 : 4;
        layer.activationBits = 8;
        layer.observer = head ? "histogram" : "moving_average";
        layer.weightOrigin = fixedBits ? "pattern 1, line 37" : "default, line 15";
        layer.activationOrigin = "default, line 23";
        layer.scaleGroup = fake.name.find("cv2.conv") != std::string::npos ? "concat model.12" : "";
    }
    std::ofstream(RunFolder{folder}.layers()) << layersText(layers);
}

QColor shapeColor(int kind, Random& random) {
    return QColor::fromHsv((kind * 83 + static_cast<int>(random.below(40))) % 360, 130,
                           150 + static_cast<int>(random.below(90)));
}

void drawShape(QPainter& painter, int kind, const QRectF& box, Random& random) {
    painter.setBrush(shapeColor(kind, random));
    painter.setPen(QPen(QColor(20, 22, 26, 120), 2));
    const QPolygonF triangle({{box.center().x(), box.top()}, box.bottomRight(), box.bottomLeft()});
    if (kind == 0) painter.drawEllipse(box);
    if (kind == 1) painter.drawRect(box);
    if (kind == 2) painter.drawPolygon(triangle);
    if (kind != 3) return;
    QPainterPath ring;
    ring.addEllipse(box);
    ring.addEllipse(box.adjusted(box.width() / 4, box.height() / 4, -box.width() / 4, -box.height() / 4));
    painter.drawPath(ring);
}

Box cornersOf(const QRectF& box) {
    return {static_cast<float>(box.left()), static_cast<float>(box.top()), static_cast<float>(box.right()),
            static_cast<float>(box.bottom())};
}

FoundBox detection(int kind, double score, const QRectF& box) {
    return {kind, kClasses[kind], std::clamp(score, 0.05, 0.98), cornersOf(box)};
}

QRectF shaken(const QRectF& box, double by, Random& random) {
    const auto move = [&] { return random.normal() * by * box.width(); };
    return box.adjusted(move(), move(), move(), move()).normalized();
}

struct Scene {
    QImage picture;
    std::vector<FoundBox> fp32, quantized;
    std::vector<LabelledBox> labels;
};

void addObject(Scene& scene, int kind, const QRectF& box, Random& random) {
    scene.labels.push_back({kind, kClasses[kind], cornersOf(box)});
    const double score = random.uniform(0.28, 0.97), fate = random.uniform();
    if (fate < 0.92) scene.fp32.push_back(detection(kind, score, shaken(box, 0.02, random)));
    if (fate > 0.16 && fate < 0.22)
        scene.quantized.push_back(detection((kind + 1) % 4, score - 0.1, shaken(box, 0.04, random)));
    else if (fate > 0.22)
        scene.quantized.push_back(detection(kind, score - random.uniform(0.0, 0.25), shaken(box, 0.06, random)));
}

Scene makeScene(Random& random, const QSize& size) {
    Scene scene;
    scene.picture = QImage(size, QImage::Format_RGB32);
    QPainter painter(&scene.picture);
    painter.setRenderHint(QPainter::Antialiasing);
    QLinearGradient sky(0, 0, 0, size.height());
    sky.setColorAt(0, QColor::fromHsv(static_cast<int>(random.below(360)), 40, 210));
    sky.setColorAt(1, QColor::fromHsv(static_cast<int>(random.below(360)), 50, 110));
    painter.fillRect(QRect({}, size), sky);
    const int objects = 3 + static_cast<int>(random.below(6));
    for (int i = 0; i < objects; ++i) {
        const double side = random.uniform(36, size.height() * 0.45);
        const QRectF box(random.uniform(0, size.width() - side), random.uniform(0, size.height() - side), side,
                         side * random.uniform(0.7, 1.0));
        const int kind = static_cast<int>(random.below(4));
        drawShape(painter, kind, box, random);
        addObject(scene, kind, box, random);
    }
    if (random.uniform() < 0.4) {  // a false alarm of one side or both
        const QRectF ghost(random.uniform(0, size.width() - 90), random.uniform(0, size.height() - 70), 80, 60);
        if (random.uniform() < 0.7)
            scene.quantized.push_back(detection(1, random.uniform(0.26, 0.5), ghost));
        else
            scene.fp32.push_back(detection(1, random.uniform(0.26, 0.5), ghost));
    }
    return scene;
}

void writeImages(Writer& out, const fs::path& folder, int count) {
    fs::create_directories(folder / "previews");
    for (int i = 0; i < count; ++i) {
        const QSize size = i % 5 == 4 ? QSize(420, 560) : QSize(640, 448);
        const Scene scene = makeScene(out.random, size);
        char name[32];
        std::snprintf(name, sizeof name, "%012d.png", 9 + i * 37);
        const std::string path = std::string("previews/") + name;
        scene.picture.save(QString::fromStdString((folder / path).string()));
        out.add(ImageEvent{path, size.width(), size.height(), path, "ptq", scene.fp32, scene.quantized, scene.labels});
    }
}

void writeAnalysis(Writer& out, const FakeRunOptions& options) {
    for (const FakeLayer& layer : fakeLayers())
        for (const int bits : {4, 8}) {
            const double sqnr = bits == 4 ? layer.sqnr4 : layer.sqnr8;
            const double mse = std::pow(10.0, -sqnr / 10) * 0.02 * out.random.uniform(0.6, 1.6);
            std::map<std::string, double> metrics{{"mse", mse},
                                                  {"sqnr_db", sqnr},
                                                  {"cosine", 1 - mse * 4},
                                                  {"abs_error", std::sqrt(mse) * 0.8},
                                                  {"rel_error", std::pow(10.0, -sqnr / 20)}};
            if (options.errors) out.add(LayerRow{std::string(tables::kError), layer.name, bits, 0, "ptq", metrics});
            metrics["score"] = bits == 4 ? layer.drop : layer.drop * 0.06;
            if (options.sensitivity)
                out.add(LayerRow{std::string(tables::kSensitivity), layer.name, bits, 0, "", metrics});
        }
}

void writeOscillation(Writer& out, int epoch, int epochs) {
    double sum = 0;
    for (size_t i = 0; i < fakeLayers().size(); ++i) {
        const double rate = 0.02 + 0.08 * std::fabs(std::sin(1.7 * static_cast<double>(i) + 0.4));
        const double progress = 1 - std::exp(-3.0 * epoch / epochs);
        const double share = rate * progress * out.random.uniform(0.92, 1.08) * (epoch > epochs * 2 / 3 ? 0.8 : 1.0);
        sum += share;
        out.add(LayerRow{std::string(tables::kOscillation),
                         fakeLayers()[i].name,
                         4,
                         epoch,
                         "qat",
                         {{"share", share}, {"mean_frequency", share / 12}}});
    }
    out.scalar(series::kOscillating, epoch, sum / static_cast<double>(fakeLayers().size()));
}

double mapAt(const FakeRunOptions& options, int epoch, Random& random) {
    const double level = kPtqMap + 0.31 * (1 - std::exp(-3.2 * epoch / options.epochs)) + random.normal() * 0.003;
    const bool falling = options.collapses && epoch > options.epochs / 2;
    return falling ? level * std::pow(0.6, epoch - options.epochs / 2) : level;
}

void writeEpoch(Writer& out, const FakeRunOptions& options, int epoch, std::ofstream& csv) {
    const int total = options.epochs * options.stepsPerEpoch;
    double box = 0, cls = 0, dfl = 0, rate = 0;
    for (int step = (epoch - 1) * options.stepsPerEpoch + 1; step <= epoch * options.stepsPerEpoch; ++step) {
        out.at(0.42);
        const double done = static_cast<double>(step) / total;
        box = 1.42 + 1.1 * std::exp(-7 * done) + out.random.normal() * 0.05;
        cls = 0.75 + 2.0 * std::exp(-8 * done) + out.random.normal() * 0.05;
        dfl = 1.08 + 0.6 * std::exp(-6 * done) + out.random.normal() * 0.03;
        rate = 5e-4 * std::min(1.0, done * options.epochs) * (0.505 + 0.495 * std::cos(done * 3.14159));
        out.scalar(series::loss("box"), step, box);
        out.scalar(series::loss("cls"), step, cls);
        out.scalar(series::loss("dfl"), step, dfl);
        out.scalar(series::kWeightRate, step, rate);
        if (step % 4 == 0) out.progress(stages::kTrain, step, total);
    }
    const double map = mapAt(options, epoch, out.random);
    out.at(6.2);
    out.scalar(series::kPrecision, epoch, map + 0.2);
    out.scalar(series::kRecall, epoch, map + 0.08);
    out.scalar(series::kMap50, epoch, map * 1.38);
    out.scalar(series::kMap, epoch, map);
    if (options.remedies) {
        out.scalar(series::kRawMap, epoch, map - 0.01);
        out.scalar(series::loss("ce"), epoch * options.stepsPerEpoch, 0.3);  // of a loss that the page does not know
        out.scalar(series::loss(series::kDampen), epoch * options.stepsPerEpoch, 0.02);
        out.scalar(series::kFrozen, epoch, 0.01 * epoch);
    }
    out.log(LogLevel::Info, "eval",
            "epoch " + std::to_string(epoch) + ": mAP50-95 " + fixed(map) + ", checkpoint written in 0.4 s");
    if (options.oscillation) writeOscillation(out, epoch, options.epochs);
    if (epoch == 5)
        out.log(LogLevel::Warning, "quant",
                "model.2.m.0.cv1.conv: 9.8 % of the weights oscillate, above the notice level of 8 %");
    csv << epoch << ',' << box << ',' << cls << ',' << dfl << ',' << map + 0.2 << ',' << map + 0.08 << ',' << map * 1.38
        << ',' << map << ',' << rate << ',' << rate << ',' << rate << '\n';
}

void writeSummary(const fs::path& folder, const FakeRunOptions& options, double best, double final) {
    const json fields{{"run_id", "w4a8_ema_qc"},
                      {"model", {{"variant", "yolov8n"}, {"imgsz", 640}}},
                      {"quantization", {{"mode", "w4a8"}}},
                      {"method", {{"variant", "ema"}}},
                      {"training", {{"epochs", options.epochs}}},
                      {"metrics", {{"best_value", best}, {"final_value", final}}},
                      {"stability", {{"collapse_threshold_ratio", 0.5}, {"collapsed", final < best / 2}}},
                      {"status", options.failure.empty() ? run_status::kSuccess : run_status::kFailed},
                      {"error", options.failure.empty() ? json(nullptr) : json(options.failure)}};
    std::ofstream(RunFolder{folder}.summary()) << recordedSummary(fields).dump(2);
}

void writeFront(Writer& out, const fs::path& folder, const FakeRunOptions& options) {
    RunHeader header{"w4a8_ema_qc", "yolov8n", "w4a8", "shapes", options.epochs, {}, false, options.remedies};
    for (const auto stage : {stages::kLoad, stages::kCalibrate, stages::kEvaluateFp32, stages::kEvaluatePtq,
                             stages::kAnalyze, stages::kTrain, stages::kEvaluate, stages::kExport})
        header.stages.emplace_back(stage);
    header.time = QDateTime::currentDateTime().addSecs(-700).toString(Qt::ISODate).toStdString();
    out.add(header);
    out.begin(stages::kLoad);
    out.at(1.9);
    out.log(LogLevel::Info, "import", "yolov8n.pt: 3 151 904 parameters, 57 batch norms folded");
    out.end(stages::kLoad, 1.9);
    out.begin(stages::kCalibrate);
    for (int batch = 1; batch <= 16; ++batch, out.at(1.9)) out.progress(stages::kCalibrate, batch, 16);
    out.log(LogLevel::Info, "quant", "63 weights and 71 activations quantized, 7 layers at 8 bit (pattern 1)");
    out.log(LogLevel::Warning, "calib", "000000000536 alone sets the upper limit of 11 ranges");
    out.end(stages::kCalibrate, 31);
    out.begin(stages::kEvaluateFp32);
    out.at(21);
    out.scalar(series::map(series::kFp32), 0, kFp32Map);
    out.scalar(series::map50(series::kFp32), 0, 0.6214);
    out.end(stages::kEvaluateFp32, 21);
    out.begin(stages::kEvaluatePtq);
    out.at(24);
    out.scalar(series::map(series::kPtq), 0, kPtqMap);
    out.scalar(series::map50(series::kPtq), 0, 0.1422);
    writeImages(out, folder, options.images);
    out.log(LogLevel::Info, "eval", "after calibration: mAP50-95 0.0841, FP32 0.4710");
    out.end(stages::kEvaluatePtq, 24);
    out.begin(stages::kAnalyze);
    out.at(88);
    writeAnalysis(out, options);
    out.end(stages::kAnalyze, 88);
}

}  // namespace

void writeFakeRun(const fs::path& folder, const FakeRunOptions& options) {
    fs::create_directories(folder);
    writeLayers(folder);
    Writer out(folder, options.seed);
    writeFront(out, folder, options);
    out.begin(stages::kTrain);
    std::ofstream csv(RunFolder{folder}.results());
    csv << "epoch,train/box_loss,train/cls_loss,train/dfl_loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),"
           "metrics/mAP50-95(B),lr/pg0,lr/pg1,lr/pg2\n";
    for (int epoch = 1; epoch <= options.epochsDone; ++epoch) writeEpoch(out, options, epoch, csv);
    if (!options.ended) return;
    const double final = options.collapses ? 0.05 : 0.3791;
    if (options.failure.empty()) {
        out.end(stages::kTrain, 380);
        out.begin(stages::kEvaluate);
        out.at(20);
        out.scalar(series::map(series::kFinal), 0, final);
        out.scalar(series::map50(series::kFinal), 0, final * 1.38);
        out.end(stages::kEvaluate, 20);
        out.begin(stages::kExport);
        out.at(3);
        out.end(stages::kExport, 3);
        writeSummary(folder, options, 0.3812, final);
    }
    const bool failed = !options.failure.empty();
    out.add(EndEvent{std::string(failed ? run_status::kFailed : run_status::kSuccess), {options.failure}});
}

}  // namespace qat::test
