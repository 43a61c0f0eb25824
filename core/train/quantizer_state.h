// What calibration (and repair) made of a network, as a file: its stored values and what its quantizers have observed.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "import/checkpoint.h"
#include "quant/quantizer_set.h"

namespace qat {

// Ranges, clip ratios and leaders of a set's observers, exactly, by the names of the quantizers; and back. Restoring
// throws Error{BadInput} or nlohmann::json::exception for what does not fit.
nlohmann::json observersJson(const QuantizerSet& set);
void restoreObservers(QuantizerSet& set, const nlohmann::json& observers);

// Gives convolutions the biases that repair added: those of `stored` (NAME.bias) whose convolution has none.
void adoptBiases(Graph& graph, const std::vector<NamedTensor>& stored);

// `identity` ties the file to the job, as in train_state.h. Throws Error{Io}.
void saveCalibrated(const std::filesystem::path& file, const std::string& identity, const Graph& graph,
                    const QuantizerSet& set);

// Into a graph whose quantizers are just inserted: scales take the shapes that calibration gave them, and convolutions
// the biases that repair added. Throws Error{BadInput} naming the file if it belongs to another job or does not fit.
void loadCalibrated(const std::filesystem::path& file, const std::string& identity, Graph& graph, QuantizerSet& set);

}  // namespace qat
