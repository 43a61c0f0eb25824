// Probabilities of logits.
#include "cli/class_scores.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iomanip>
#include <iostream>

#include "cli/class_name.h"

namespace qat::cli {

std::vector<Detection> likelyClasses(const at::Tensor& logits) {
    constexpr int64_t kMost = 5;
    const auto [shares, places] = at::softmax(logits.cpu(), 0).topk(std::min(kMost, logits.numel()));
    std::vector<Detection> classes;
    for (int64_t i = 0; i < shares.numel(); ++i)
        classes.push_back({{}, shares[i].item<float>(), static_cast<int32_t>(places[i].item<int64_t>())});
    return classes;
}

nlohmann::ordered_json classesJson(const Graph& graph, const std::vector<Detection>& classes) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Detection& d : classes)
        json.push_back({{"class", d.classIndex}, {"name", className(graph, d.classIndex)}, {"score", d.score}});
    return json;
}

void printClasses(const Graph& graph, const std::string& path, const std::vector<Detection>& classes) {
    std::cout << path << ": " << className(graph, classes.front().classIndex) << "\n";
    for (const Detection& d : classes)
        std::cout << "  " << std::left << std::setw(16) << className(graph, d.classIndex) << std::fixed
                  << std::setprecision(3) << d.score << "\n";
}

}  // namespace qat::cli
