// Operators of libtorch whose bits depend on the number of threads, since it decides where a sum or a vector is cut.
// Here they are cut by sizes alone, or not at all.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <omp.h>

#include <functional>

namespace qat {

// While it lives, what is called from this thread runs on this thread alone. Costs nothing to make; nests.
class OneThread {
public:
    // libtorch is asked, since it sets the number itself the first time it is on a new thread.
    OneThread() : m_before(at::get_num_threads()) { omp_set_num_threads(1); }
    ~OneThread() { omp_set_num_threads(m_before); }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

private:
    int m_before;
};

// work(i) for every i < count, each on one thread, several at a time. No gradients.
void shareOut(int64_t count, const std::function<void(int64_t)>& work);

using TensorFunction = std::function<at::Tensor(const at::Tensor&)>;

// The function of every image (first axis; at least one) on a thread of its own, put together again. No gradients.
at::Tensor imageByImage(const at::Tensor& images, const TensorFunction& function);

// A function of single elements, in pieces that end with a vector. Result in the order of x. No gradients.
at::Tensor piecewise(const at::Tensor& x, const TensorFunction& function);

// at::bmm of a [G,M,K] and b [G,K,N], some rows of a at a time, each time on one thread: the BLAS, too, must have
// only one, which prepareProcess() sees to.
at::Tensor products(const at::Tensor& a, const at::Tensor& b);

// Sums of float x [N,C,H,W] over everything but channels, in double: [C].
at::Tensor channelSums(const at::Tensor& x);

}  // namespace qat
