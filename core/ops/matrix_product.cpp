// One batch of matrices each way, in the pieces of products().
#include "ops/matrix_product.h"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>
#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "graph/types.h"
#include "ops/fixed_split.h"

namespace qat {
namespace {

// Leading dimensions of the result.
Shape batchOf(const at::Tensor& a, const at::Tensor& b) {
    return at::infer_size(a.sizes().slice(0, a.dim() - 2), b.sizes().slice(0, b.dim() - 2));
}

at::Tensor stacked(const at::Tensor& x, Shape batch) {
    batch.push_back(x.size(-2));
    batch.push_back(x.size(-1));
    return x.expand(batch).reshape({-1, x.size(-2), x.size(-1)});
}

at::Tensor compute(const at::Tensor& a, const at::Tensor& b) {
    Shape shape = batchOf(a, b);
    const at::Tensor y = products(stacked(a, shape), stacked(b, shape));
    shape.push_back(a.size(-2));
    shape.push_back(b.size(-1));
    return y.reshape(shape);
}

// dy b^T and a^T dy, summed over what was broadcast.
class MatrixProduct : public torch::autograd::Function<MatrixProduct> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& a, const at::Tensor& b) {
        context->save_for_backward({a, b});
        return compute(a, b);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &a = saved[0], &b = saved[1], &dy = gradients[0];
        at::Tensor da, db;
        if (context->needs_input_grad(0)) da = at::sum_to(compute(dy, b.transpose(-1, -2)), a.sizes());
        if (context->needs_input_grad(1)) db = at::sum_to(compute(a.transpose(-1, -2), dy), b.sizes());
        return {da, db};
    }
};

}  // namespace

at::Tensor matrixProduct(const at::Tensor& a, const at::Tensor& b) {
    require(a.dim() >= 2 && b.dim() >= 2, ErrorKind::BadInput, "expects matrices, not tensors of ", a.dim(), " and ",
            b.dim(), " dimensions");
    require(a.size(-1) == b.size(-2), ErrorKind::BadInput, "expects as many columns as rows, not ", a.size(-1), " and ",
            b.size(-2));
    return at::GradMode::is_enabled() ? MatrixProduct::apply(a, b) : compute(a, b);
}

}  // namespace qat
