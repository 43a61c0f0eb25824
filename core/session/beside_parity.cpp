// Sums for each output.
#include "session/beside_parity.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace qat {
namespace {

constexpr double kEqualNoise = 1e-3;  // a share of the signal

}  // namespace

void BesideParity::add(const std::vector<at::Tensor>& fp32, const std::vector<at::Tensor>& simulated,
                       const std::vector<at::Tensor>& file) {
    for (size_t i = 0; i < m_errors.size(); ++i) {
        m_errors[i].file.add(fp32[i + 1], file[i + 1]);
        m_errors[i].simulation.add(fp32[i + 1], simulated[i + 1]);
        m_errors[i].distance.add(simulated[i + 1], file[i + 1]);
    }
}

void BesideParity::addControl(const std::vector<at::Tensor>& simulated, const std::vector<at::Tensor>& control) {
    for (size_t i = 0; i < m_errors.size(); ++i) m_errors[i].control.add(simulated[i + 1], control[i + 1]);
}

bool BesideParity::agrees(double slack) const {
    return std::ranges::all_of(m_errors, [&](const Errors& e) {
        const double distance = e.distance.noiseToSignal();
        return distance <= kEqualNoise || e.file.noiseToSignal() <= slack * e.simulation.noiseToSignal() ||
               distance <= slack * e.control.noiseToSignal();
    });
}

std::string BesideParity::sentence() const {
    std::string text;
    for (size_t i = 0; i < m_errors.size(); ++i)
        text += str("; error of ", m_names[i], " ", m_errors[i].file.noiseToSignal(), ", the simulation's ",
                    m_errors[i].simulation.noiseToSignal());
    return text;
}

}  // namespace qat
