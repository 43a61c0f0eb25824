// How far a quantized tensor is from its float original.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "graph/types.h"

namespace qat {

// Sums over any number of tensor pairs; the metrics follow from them.
class ErrorSums {
public:
    // Same shapes; any memory order. Accumulates in double.
    void add(const at::Tensor& reference, const at::Tensor& quantized);

    double mse() const;            // mean (y - y^)^2
    double noiseToSignal() const;  // sum (y - y^)^2 / sum y^2; 0 for an exact copy
    double sqnrDb() const;         // -10 log10 of it; capped at 200 for an exact copy
    double cosine() const;         // <y, y^> / (|y| |y^|)
    double absError() const;       // mean |y - y^|
    double relError() const;       // sum |y - y^| / (sum |y| + 1e-12)

    // mse, sqnr_db, cosine, abs_error, rel_error
    std::map<std::string, double> metrics() const;

    // Everything that was added, exactly, as one word, and back. Throws Error{BadInput} for any other text.
    std::string text() const;
    static ErrorSums fromText(const std::string& text);

private:
    double m_squaredError = 0, m_squaredReference = 0, m_squaredQuantized = 0, m_product = 0, m_absError = 0,
           m_absReference = 0;
    int64_t m_count = 0;
};

}  // namespace qat
