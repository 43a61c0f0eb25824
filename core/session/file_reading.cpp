// By libtorch's operations, not by the graph's: what is compared is not made alike.
#include "session/file_reading.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "eval/top_scores.h"
#include "export/file_output.h"

namespace qat {
namespace {

// Centres of the cells [2, A] in grid units, and strides [A].
std::pair<at::Tensor, at::Tensor> cells(const std::vector<int64_t>& levels, int64_t height, int64_t width) {
    std::vector<at::Tensor> points, strides;
    for (const int64_t stride : levels) {
        const int64_t rows = height / stride, columns = width / stride;
        const at::Tensor y = (at::arange(rows, at::kFloat) + 0.5).reshape({rows, 1}).expand({rows, columns}),
                         x = (at::arange(columns, at::kFloat) + 0.5).expand({rows, columns});
        points.push_back(at::stack({x.reshape({-1}), y.reshape({-1})}));
        strides.push_back(at::full({rows * columns}, static_cast<float>(stride)));
    }
    return {at::cat(points, 1), at::cat(strides)};
}

}  // namespace

FileReading::FileReading(ModelInfo model, ExportOutput output, const Shape& image)
    : m_model(std::move(model)), m_output(output), m_height(image.at(2)), m_width(image.at(3)) {}

at::Tensor FileReading::decoded(const at::Tensor& file) const {
    if (m_output == ExportOutput::Decoded) return file;
    return m_output == ExportOutput::Raw ? decodedMaps(file) : decodedRows(file);
}

// [4 regMax + classes, A]
at::Tensor FileReading::decodedMaps(const at::Tensor& maps) const {
    const int64_t bins = m_model.regMax;
    at::Tensor sides = maps.slice(0, 0, 4 * bins);
    if (bins > 1)
        sides = at::matmul(at::arange(bins, at::kFloat), at::softmax(sides.reshape({4, bins, -1}), 1)).reshape({4, -1});
    const auto [points, strides] = cells(m_model.strides, m_height, m_width);
    const at::Tensor low = points - sides.slice(0, 0, 2), high = points + sides.slice(0, 2, 4);
    return at::cat({(low + high) / 2 * strides, (high - low) * strides, maps.slice(0, 4 * bins).sigmoid()});
}

// [rows, 6]
at::Tensor FileReading::decodedRows(const at::Tensor& rows) const {
    const at::Tensor low = rows.slice(1, 0, 2).t(), high = rows.slice(1, 2, 4).t();
    at::Tensor scores = at::zeros({m_model.numClasses, rows.size(0)});
    const at::Tensor classes = rows.select(1, 5).to(at::kLong).clamp(0, m_model.numClasses - 1);
    scores.scatter_(0, classes.unsqueeze(0), rows.select(1, 4).unsqueeze(0));
    return at::cat({(low + high) / 2, high - low, scores}).contiguous();
}

at::Tensor FileReading::scores(const ParityMeasure& measure, const at::Tensor& decoded) const {
    if (m_output != ExportOutput::EndToEnd) return measure.scores(decoded);
    NmsOptions all;
    all.conf = 0;
    all.maxDetections = static_cast<int>(kEndToEndRows);
    const at::Tensor numbers = decoded.contiguous();
    const auto found = topScores({numbers.data_ptr<float>(), static_cast<size_t>(numbers.numel())}, m_model.numClasses,
                                 numbers.size(1), all);
    at::Tensor ranked = at::zeros({kEndToEndRows});
    std::ranges::transform(found, ranked.data_ptr<float>(), &Detection::score);
    return ranked;
}

}  // namespace qat
