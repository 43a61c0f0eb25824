// Exported files beside our own executor. Left out, with a sentence, where no runtime is installed.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "export/onnx_export.h"
#include "export/runtime_check.h"
#include "export/sketch.h"
#include "passes/pipeline.h"
#include "run/executor.h"
#include "support/assets.h"

namespace qat::test {

class Runtime : public testing::Test {
protected:
    void SetUp() override {
        setenv("QATELIER_RESOURCES", QATELIER_SOURCE_RESOURCES, 0);
        if (const std::string missing = missingOnnxRuntime(); !missing.empty()) GTEST_SKIP() << "left out: " << missing;
    }

    struct Difference {
        int64_t count = 0;   // of elements
        int64_t steps = 0;   // elements that differ by more than 1e-5 of the largest magnitude
        double largest = 0;  // relative to the largest magnitude
    };

    // Every output of both, same input, each relative to its largest magnitude.
    Difference compare(const Graph& graph, bool optimize, OnnxExportOptions options = {}) {
        return compareForm(graph, graph, optimize, options);
    }

    // What `form` computes here and the file of `graph` there.
    Difference compareForm(const Graph& form, const Graph& graph, bool optimize, OnnxExportOptions options = {}) {
        const ScratchFolder scratch;
        options.path = scratch.path() / "model.onnx";
        Graph settled = graph.clone(true);
        runPasses(settled, PassId::CanonicalizeQuantizers);
        exportOnnx(settled, options);
        const std::vector<float> sample = sampleInput(graph, 11);
        const Shape& shape = graph.value(graph.inputs().front()).shape;
        const auto run = runOnnxRuntime(options.path, {{"images", shape, sample}}, {.optimize = optimize}).run;
        ExecutorOptions wanted;
        for (const GraphOutput& output : graph.outputs()) wanted.outputs.push_back(output.name);
        const std::vector<at::Tensor> expected = Executor(form, wanted).run(at::tensor(sample).reshape(shape));
        Difference all;
        for (size_t i = 0; i < expected.size(); ++i) {
            const at::Tensor plain = expected[i].contiguous();
            EXPECT_EQ(run->outputs.at(i).shape, plain.sizes().vec());
            const Difference one =
                difference(run->outputs.at(i).values, {plain.data_ptr<float>(), static_cast<size_t>(plain.numel())});
            all = {all.count + one.count, all.steps + one.steps, std::max(all.largest, one.largest)};
        }
        return all;
    }

    static Difference difference(const std::vector<float>& a, std::span<const float> b) {
        Difference found{static_cast<int64_t>(a.size()), 0, 0};
        double magnitude = 1e-12;
        for (const float x : b) magnitude = std::max<double>(magnitude, std::abs(x));
        for (size_t i = 0; i < a.size(); ++i) {
            const double relative = std::abs(static_cast<double>(a[i]) - b[i]) / magnitude;
            found.steps += relative > 1e-5;
            found.largest = std::max(found.largest, relative);
        }
        return found;
    }
};

}  // namespace qat::test
