// Moving numbers in both forms.
#include "ops/moving_ops.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "ops/compute.h"

namespace qat {
namespace {

// libtorch resizes uint8 and not int8; where a byte goes does not depend on what it stands for.
at::Tensor resize(const Resize& op, const at::Tensor& x) {
    if (x.scalar_type() == at::kChar) return resize(op, x.view(at::kByte)).view(at::kChar);
    return at::upsample_nearest2d(x, {x.size(2) * op.factor, x.size(3) * op.factor});
}

Tensors split(const Split& op, const at::Tensor& x) {
    Tensors parts;
    int64_t start = 0;
    for (const int64_t size : op.sizes) parts.push_back(x.narrow(op.axis, start, size)), start += size;
    return parts;
}

at::Tensor slice(const Slice& op, const at::Tensor& x) {
    const int64_t size = x.size(op.axis), start = std::min(op.start, size);
    return x.narrow(op.axis, start, std::clamp(op.end, start, size) - start);
}

at::Tensor reshape(const Reshape& op, const at::Tensor& x) {
    Shape shape = op.shape;
    for (size_t i = 0; i < shape.size(); ++i) shape[i] = shape[i] ? shape[i] : x.size(static_cast<int64_t>(i));
    return at::reshape(x, shape);
}

at::Tensor unflatten(const at::Tensor& x, const at::Tensor& like) {
    require(x.dim() == 3 && like.dim() == 4 && x.size(2) == like.size(2) * like.size(3), ErrorKind::BadInput,
            "cannot lay ", x.size(-1), " places out as ", like.size(-2), " rows of ", like.size(-1));
    return x.reshape({x.size(0), x.size(1), like.size(2), like.size(3)});
}

at::Tensor gather(const Gather& op, const at::Tensor& x) {
    return x.index_select(op.axis, at::tensor(op.indices, at::kLong).to(x.device()));
}

// libtorch counts dimensions from the last.
at::Tensor pad(const Pad& op, const at::Tensor& x) {
    require(static_cast<int64_t>(op.before.size()) == x.dim() && op.after.size() == op.before.size(),
            ErrorKind::BadInput, "pads ", op.before.size(), " dimensions of ", x.dim());
    Shape sides;
    for (size_t i = op.before.size(); i-- > 0;) sides.insert(sides.end(), {op.before[i], op.after[i]});
    return at::constant_pad_nd(x, sides, op.value);
}

// Sorting keeps equal numbers in their order, as ONNX wants it; at::topk does not.
Tensors topK(const TopK& op, const at::Tensor& x) {
    require(x.dim() > 0 && x.size(-1) >= op.count, ErrorKind::BadInput, "there are no ", op.count, " numbers among ",
            x.dim() > 0 ? x.size(-1) : 0);
    const auto [values, places] = at::sort(x, /*stable=*/true, /*dim=*/-1, /*descending=*/true);
    return {values.narrow(-1, 0, op.count), places.narrow(-1, 0, op.count).to(x.scalar_type())};
}

at::Tensor takeAlong(const TakeAlong& op, const at::Tensor& x, const at::Tensor& places) {
    require(op.axis < x.dim(), ErrorKind::BadInput, "there is no axis ", op.axis, " among ", x.dim());
    require(places.dim() == 2 && places.size(0) == x.size(0), ErrorKind::BadInput,
            "expects a row of places for each of ", x.size(0), " images");
    Shape spread(static_cast<size_t>(x.dim()), 1), sizes = x.sizes().vec();
    spread.front() = x.size(0);
    spread[static_cast<size_t>(op.axis)] = sizes[static_cast<size_t>(op.axis)] = places.size(1);
    return at::gather(x, op.axis, places.to(at::kLong).reshape(spread).expand(sizes));
}

Tensors anchorPoints(const AnchorPoints& op, const Tensors& maps) {
    Tensors points, strides;
    for (size_t level = 0; level < maps.size(); ++level) {
        const int64_t height = maps[level].size(2), width = maps[level].size(3);
        const at::Tensor x = (at::arange(width, at::kFloat) + 0.5).expand({height, width});
        const at::Tensor y = (at::arange(height, at::kFloat) + 0.5).unsqueeze(1).expand({height, width});
        points.push_back(at::stack({x.reshape(-1), y.reshape(-1)}));
        strides.push_back(at::full({1, height * width}, static_cast<float>(op.strides[level])));
    }
    return {at::cat(points, 1).unsqueeze(0), at::cat(strides, 1).unsqueeze(0)};
}

Tensors plainAnchorPoints(const AnchorPoints& op, const Tensors& maps) {
    std::vector<double> x, y, stride;
    for (size_t level = 0; level < maps.size(); ++level)
        for (int64_t row = 0; row < maps[level].size(2); ++row)
            for (int64_t column = 0; column < maps[level].size(3); ++column) {
                x.push_back(static_cast<double>(column) + 0.5);
                y.push_back(static_cast<double>(row) + 0.5);
                stride.push_back(static_cast<double>(op.strides[level]));
            }
    const auto vector = [&](const std::vector<double>& values) {
        return at::tensor(values, at::kDouble).to(maps.front().options());
    };
    return {at::stack({vector(x), vector(y)}).unsqueeze(0), vector(stride).reshape({1, 1, -1})};
}

struct PortableMoves {
    const Tensors& in;

    Tensors operator()(const Resize* op) const {
        return {in[0].repeat_interleave(op->factor, 2).repeat_interleave(op->factor, 3)};
    }
    Tensors operator()(const Concat* op) const { return {at::cat(in, op->axis)}; }
    Tensors operator()(const Split* op) const { return split(*op, in[0]); }
    Tensors operator()(const Slice* op) const { return {slice(*op, in[0])}; }
    Tensors operator()(const Reshape* op) const { return {reshape(*op, in[0])}; }
    Tensors operator()(const Unflatten*) const { return {unflatten(in[0], in[1])}; }
    Tensors operator()(const Detach*) const { return {in[0].detach()}; }
    Tensors operator()(const Permute* op) const { return {in[0].permute(op->order)}; }
    Tensors operator()(const Gather* op) const { return {gather(*op, in[0])}; }
    Tensors operator()(const Pad* op) const { return {pad(*op, in[0])}; }
    Tensors operator()(const TopK* op) const { return topK(*op, in[0]); }
    Tensors operator()(const TakeAlong* op) const { return {takeAlong(*op, in[0], in[1])}; }
    Tensors operator()(const AnchorPoints* op) const { return plainAnchorPoints(*op, in); }
};

// What is not here is computed as above.
struct FastMoves : PortableMoves {
    using PortableMoves::operator();

    Tensors operator()(const Resize* op) const { return {resize(*op, in[0])}; }
    Tensors operator()(const Split* op) const { return at::split_with_sizes(in[0], op->sizes, op->axis); }
    Tensors operator()(const Slice* op) const { return {at::slice(in[0], op->axis, op->start, op->end)}; }
    Tensors operator()(const AnchorPoints* op) const { return anchorPoints(*op, in); }
};

}  // namespace

Tensors compute(MovingOps::Pointer op, const Tensors& inputs, bool, OpForm form) {
    if (form == OpForm::Portable) return std::visit(PortableMoves{inputs}, op);
    return std::visit(FastMoves{{inputs}}, op);
}

}  // namespace qat
