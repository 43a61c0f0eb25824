// A small training whose scores a test dictates and whose model it spoils.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "support/assets.h"
#include "train/tiny_detector.h"

namespace qat::test {

class SentinelRun : public testing::Test {
protected:
    const ScratchFolder scratch;
    TinyRun run{config(), scratch.path() / "run"};

    static Config config(Quantize quantize = Quantize::Lsq) {
        Config config = tinyConfig(quantize);
        config.train.warmupEpochs = 0;
        config.train.quantLrFactor = 0;  // scales stay where a test puts them
        config.gate.reaction = GateReaction::Retry;
        return config;
    }
    static at::Tensor& value(TinyRun& of, const char* name) {
        return *of.graph->value(*of.graph->findValue(name)).data;
    }

    // mAP of each validation; the last one repeats.
    static std::function<double(int)> curve(std::vector<double> maps) {
        return [maps](int i) { return maps.at(std::min(static_cast<size_t>(i), maps.size()) - 1); };
    }
    // Spoils the model once, after the first epoch.
    void spoil(const std::function<void()>& how) {
        run.fitness = [this, how](int i) {
            if (i == 1) return 0.1;
            if (i == 2 && !m_spoilt) {
                m_spoilt = true;
                const at::NoGradGuard noGrad;
                how();
            }
            return 0.05;
        };
    }
    bool m_spoilt = false;
};

}  // namespace qat::test
