// A job with every stage that computes, on 1, 2 and 3 threads: all it writes is the same, to the bit.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "session/small_job.h"
#include "support/assets.h"

namespace qat::test {
namespace {

// Results by name: what tells neither of times nor of the configuration, which says the number.
std::map<std::string, std::string> filesOf(const std::filesystem::path& run) {
    std::map<std::string, std::string> files;
    for (const auto& [path, bytes] : snapshot(run)) {
        const std::string name = std::filesystem::path(path).lexically_relative(run).generic_string();
        const bool inFolder =
            name.starts_with("weights/") || name.starts_with("exports/") || name.starts_with("previews/");
        if (inFolder || name == "calibration.json" || name == "layers.json" || name == "results.csv")
            files[name] = bytes;
    }
    return files;
}

class ThreadCounts : public testing::Test {
protected:
    const ScratchFolder scratch;

    // The job's files on one thread; the others are compared with it.
    std::map<std::string, std::string> run(const std::vector<std::pair<std::string, std::string>>& settings) {
        std::map<std::string, std::string> first;
        for (const char* const count : {"1", "2", "3"}) {
            SmallJob job(scratch.path());
            job.insertLayerConfig(R"(^model\.([4-9]|1[0-9]|2[0-9])\.)", "skip: true");  // repair takes long
            job.request.out = scratch.path() / (settings.front().first + count);
            for (const auto& [key, value] : settings) job.set(key, value);
            job.set("run.threads", count).run();
            const auto files = filesOf(job.folder());
            if (first.empty()) first = files;
            EXPECT_EQ(files.size(), first.size());
            for (const auto& [name, bytes] : files)
                EXPECT_TRUE(first[name] == bytes) << name << " on " << count << " threads";
        }
        return first;
    }
};

TEST_F(ThreadCounts, QuantizedTrainingRepairAndCorrection) {
    const auto files = run({{"train_params.epochs", "1"},
                            {"train_params.multi_scale", "0.5"},
                            {"qat_params.fuse_modules", "false"},
                            {"calibration.method", "mse"},
                            {"calibration.use_coreset", "true"},
                            {"calibration.coreset_size", "4"},
                            {"repair.adaround", "true"},
                            {"repair.bias_correction", "true"},
                            {"repair.adaround_iterations", "5"},
                            {"repair.samples", "4"},
                            {"distillation.enabled", "true"},
                            {"oscillation.bn_reestimation", "1"},
                            {"qc.enabled", "true"},
                            {"ema.decay", "0.9"}});
    for (const char* const name :
         {"weights/final.safetensors", "calibration.json", "exports/model.onnx", "results.csv"})
        EXPECT_TRUE(files.contains(name)) << name;
}

TEST_F(ThreadCounts, FloatTraining) {
    EXPECT_TRUE(run({{"train_params.quantize", "false"}, {"analysis.compare_with_fp32", "true"}})
                    .contains("weights/final.safetensors"));
}

}  // namespace
}  // namespace qat::test
