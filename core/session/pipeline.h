// One job with its stages in order; each stage is a method, and what passes between them are the members.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/loader.h"
#include "quant/plan.h"
#include "quant/quantizer_set.h"
#include "session/calibration_report.h"
#include "session/event_log.h"
#include "session/model_source.h"
#include "session/run_folder.h"
#include "session/session.h"
#include "session/summary.h"
#include "task/task.h"

namespace qat {

class Pipeline {
public:
    Pipeline(const JobRequest& request, Config config, RunFolder folder, EventLog& log, const CancelToken& cancel);

    JobOutcome run();
    SummaryFacts& facts() { return m_facts; }

private:
    void load();
    void logDamaged();
    void matchData(const std::string& model);
    void loadTeacher();
    void logIgnored(const OpenedModel& opened);
    void insertQuantizers();
    bool wantsAnalysis() const;
    bool layerErrorIsLeft() const;
    bool sensitivityIsLeft() const;
    bool analysisIsLeft() const;
    bool wantsPreviews() const;
    std::map<std::string, double> wanted(const std::map<std::string, double>& metrics) const;
    void describe();
    void calibrateStage();
    // Those of the `taken` images of `data` that the validation looks at too.
    std::vector<Leak> leaksOf(const Dataset& data, const std::vector<int64_t>& taken) const;
    void searchWidthsStage();
    void repairStage();
    void equalize();
    // The coreset of `wanted` training images, and what is said about it; progress is that of `stage`.
    std::shared_ptr<const Dataset> coresetOf(int64_t wanted, int64_t progressTotal, const char* stage,
                                             CalibrationImages& said);
    void evaluateFloat();
    void evaluatePtq();
    void analyze();
    void layerErrors(const std::string& stage);
    void sensitivity();
    void trainStage();
    std::optional<double> startScore();
    void reestimateStage();    // keeps the statistics that are more accurate on the validation images
    Metrics trainedMetrics();  // of the model as training left it
    // Quantization correction, in pipeline_correction.cpp. False: stopped on request.
    bool corrects() const;
    bool correctionStage();
    void compareCorrection();
    std::shared_ptr<const Dataset> correctionImages(std::string& said);
    bool measuresLayerErrors() const;
    void evaluateFinal();
    void exportStage();
    // Across sittings, in pipeline_resume.cpp.
    void once(const std::string& name,
              const std::function<void()>& work);  // a stage, unless an earlier sitting finished it
    void finished(const std::string& name);        // keeps what the stage, or a part of one, has come to
    void restoreProgress();
    void restoreCalibrated();
    bool comparesLater() const;
    std::filesystem::path calibratedFile() const;
    std::filesystem::path sweepFile(const std::string& name) const;  // state of an unfinished sweep
    std::string stageIdentity() const;

    // Begins and ends a stage's events around `work`.
    void stage(const std::string& name, const std::function<void()>& work);
    Measurement validate(const Graph& graph, const std::string& stage, bool keep);
    Loader validationLoader() const;
    // Batches of calibration or validation images for analyses: `images` in all, as a function that ends with an
    // undefined tensor.
    std::function<at::Tensor()> images(const std::shared_ptr<const Dataset>& data, int64_t images, int batch,
                                       bool shuffle,
                                       std::vector<int64_t>* taken = nullptr);  // their indices, added
    void report(const std::string& series, const Measurement& measured, std::optional<Metrics>& slot);
    void showImages(const std::vector<ImageDetections>& quantized, const std::string& stage);
    void checkExported(ExportedFile& file, const Graph& form);

    const JobRequest& m_request;
    Config m_config;  // with the widths that a search chose
    const RunFolder m_folder;
    EventLog& m_log;
    const CancelToken& m_cancel;
    SummaryFacts m_facts;

    std::shared_ptr<const Dataset> m_train, m_val;
    std::set<std::string> m_damaged;       // what logDamaged() has said
    Graph m_float;                         // what FP32 means in this run
    Graph m_model;                         // what is calibrated, trained, exported
    std::optional<Metrics> m_reestimated;  // of the model behind that stage
    std::optional<Graph> m_teacher;        // of distillation
    std::set<std::string> m_done;          // stages, and parts of `analyze`, that are finished
    QuantPlan m_plan;
    std::optional<QuantizerSet> m_quantizers;
    std::vector<ImageDetections> m_floatDetections;
    std::shared_ptr<Loader> m_imageLoader;  // behind images()
};

}  // namespace qat
