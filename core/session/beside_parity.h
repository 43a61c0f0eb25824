// How near a file comes to its model in what is deployed beside the decoded output: masks, key points, angles.
#pragma once

#include <string>
#include <vector>

#include "analysis/error_metrics.h"

namespace qat {

// Outputs of one image each, the decoded one first, which is passed over.
class BesideParity {
public:
    explicit BesideParity(std::vector<std::string> names) : m_names(std::move(names)), m_errors(m_names.size()) {}

    void add(const std::vector<at::Tensor>& fp32, const std::vector<at::Tensor>& simulated,
             const std::vector<at::Tensor>& file);
    // The simulation with other last bits (session/parity_control.h).
    void addControl(const std::vector<at::Tensor>& simulated, const std::vector<at::Tensor>& control);

    // Every output is the simulation's, errs no more than that against FP32, or is as near to it as it is to itself.
    // slack: by which factor both may be exceeded.
    bool agrees(double slack) const;
    // "; error of masks 0.01, the simulation's 0.01"; empty without outputs.
    std::string sentence() const;

private:
    struct Errors {
        ErrorSums file, simulation, distance, control;
    };
    std::vector<std::string> m_names;
    std::vector<Errors> m_errors;
};

}  // namespace qat
