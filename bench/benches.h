// The benchmarks, one function a file bench_<subject>.cpp; each adds the rows that the settings want.
#pragma once

#include "compare.h"

namespace qat::bench {

void benchTraining(const Settings& settings, Table& table);
void benchInference(const Settings& settings, Table& table);
void benchFakeQuantize(const Settings& settings, Table& table);
void benchChains(const Settings& settings, Table& table);
void benchLoader(const Settings& settings, Table& table);
void benchCalibration(const Settings& settings, Table& table);
void benchCoreset(const Settings& settings, Table& table);
void benchSensitivity(const Settings& settings, Table& table);
void benchMetrics(const Settings& settings, Table& table);
void benchOpen(const Settings& settings, Table& table);
// config.*: reading and resolving a configuration
void benchConfig(const Settings& settings, Table& table);

}  // namespace qat::bench
