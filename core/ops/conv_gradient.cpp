// Tasks: some images by some outputs. Every task is one kernel of one thread; parts of images are then added in their
// order.
#include "ops/conv_gradient.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <vector>

#include "ops/onednn.h"
#include "ops/packed_conv.h"

namespace qat {
namespace {

using dnnl::memory;

int64_t ceilDiv(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

// Room of a thread, aligned for vectors; grows, and is used again by every task.
class Room {
public:
    float* floats(int64_t count) {
        if (!m_tensor.defined() || m_tensor.numel() < count) m_tensor = at::empty({count}, at::kFloat);
        return m_tensor.data_ptr<float>();
    }

private:
    at::Tensor m_tensor;
};

// How many images and outputs a task has at most, by sizes alone.
struct Cut {
    int64_t images, outputs;
};

constexpr int64_t kTasks = 16;  // as many as there may be threads with something to do
constexpr int64_t kLeastPlaces =
    512;                         // of a task: its part of the weight's gradient is then small work beside making it
constexpr int64_t kVector = 16;  // outputs a kernel makes at a time

Cut cutOf(const Conv2d& window, const at::Tensor& dy) {
    const int64_t images = dy.size(0), outputs = dy.size(1), places = dy.size(2) * dy.size(3);
    const int64_t byImages = std::clamp<int64_t>(images * places / kLeastPlaces, 1, std::min(images, kTasks));
    const int64_t atATime = ceilDiv(images, byImages);
    if (window.groups > 1) return {atATime, outputs};
    const int64_t byOutputs = std::min(ceilDiv(outputs, kVector), ceilDiv(kTasks, byImages));
    return {atATime, ceilDiv(ceilDiv(outputs, byOutputs), kVector) * kVector};
}

// A kernel for so many images and outputs, and the way from its order to the weight's.
struct Kernel {
    dnnl::convolution_backward_weights primitive;
    dnnl::reorder toPlain;
    memory::desc x, dy, packed, plain, bias, scratch;
};

struct Sizes {
    int64_t images, outputs;
    auto operator<=>(const Sizes&) const = default;
};

class WeightGradient {
public:
    WeightGradient(const Conv2d& window, const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight,
                   bool wantsBias)
        : m_window(window),
          m_x(x),
          m_dy(dy),
          m_cut(cutOf(window, dy)),
          m_byImages(ceilDiv(dy.size(0), m_cut.images)),
          m_byOutputs(ceilDiv(dy.size(1), m_cut.outputs)),
          m_wantsBias(wantsBias) {
        for (int64_t i = 0; i < m_byImages; ++i) {
            m_parts.push_back(at::empty_like(weight));
            if (wantsBias) m_biasParts.push_back(at::empty({dy.size(1)}));
        }
        const OneThread one;  // kernels are made for one thread
        for (int64_t task = 0; task < m_byImages * m_byOutputs; ++task) {
            const Sizes sizes = sizesOf(task);
            if (!m_kernels.contains(sizes)) m_kernels.emplace(sizes, make(sizes));
        }
    }

    ConvGradient run() {
        shareOut(m_byImages * m_byOutputs, [&](int64_t task) { compute(task); });
        add(m_parts);
        if (m_wantsBias) add(m_biasParts);
        return {m_parts.front(), m_wantsBias ? m_biasParts.front() : at::Tensor()};
    }

private:
    int64_t firstImage(int64_t task) const { return task / m_byOutputs * m_cut.images; }
    int64_t firstOutput(int64_t task) const { return task % m_byOutputs * m_cut.outputs; }
    Sizes sizesOf(int64_t task) const {
        return {std::min(m_cut.images, m_dy.size(0) - firstImage(task)),
                std::min(m_cut.outputs, m_dy.size(1) - firstOutput(task))};
    }

    Kernel make(const Sizes& sizes) const {
        const auto f32 = memory::data_type::f32;
        const at::Tensor part = m_parts.front().slice(0, 0, sizes.outputs);
        const memory::desc x = onednn::dataOrder({sizes.images, m_x.size(1), m_x.size(2), m_x.size(3)}, f32);
        const memory::desc dy = onednn::dataOrder({sizes.images, sizes.outputs, m_dy.size(2), m_dy.size(3)}, f32);
        const memory::desc plain = onednn::weightOrder(part, m_window.groups);
        const memory::desc any = onednn::anyWeightOrder(part, m_window.groups);
        const memory::desc bias = m_wantsBias ? onednn::vectorOrder(sizes.outputs) : memory::desc();
        const onednn::Window w(m_window);
        const auto direct = dnnl::algorithm::convolution_direct;
        dnnl::primitive_attr attributes;
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        const std::tuple sizesAndWindow(direct, x, any, bias, dy, w.stride, w.dilation, w.padding, w.padding);
        const auto hint = onednn::describe<dnnl::convolution_forward>(
            onednn::cpu(), std::tuple_cat(std::tuple(dnnl::prop_kind::forward_training), sizesAndWindow), {});
        const auto chosen =
            onednn::describe<dnnl::convolution_backward_weights>(onednn::cpu(), sizesAndWindow, attributes, hint);
        const dnnl::reorder::primitive_desc order(onednn::cpu(), chosen.diff_weights_desc(), onednn::cpu(), plain,
                                                  attributes);
        return {dnnl::convolution_backward_weights(chosen),
                dnnl::reorder(order),
                x,
                dy,
                chosen.diff_weights_desc(),
                plain,
                bias,
                chosen.scratchpad_desc()};
    }

    // dy of the task's images and outputs, close together.
    float* gradientOf(int64_t task, const Sizes& sizes, Room& room) const {
        const int64_t all = m_dy.size(1), places = sizes.images * m_dy.size(2) * m_dy.size(3);
        float* const from = m_dy.data_ptr<float>() + firstImage(task) * m_dy.size(2) * m_dy.size(3) * all;
        if (sizes.outputs == all) return from;
        float* const to = room.floats(places * sizes.outputs);
        for (int64_t place = 0; place < places; ++place)
            std::copy_n(from + place * all + firstOutput(task), sizes.outputs, to + place * sizes.outputs);
        return to;
    }

    void compute(int64_t task) const {
        thread_local Room ofGradient, ofWeight, ofKernel;
        const Sizes sizes = sizesOf(task);
        const Kernel& kernel = m_kernels.at(sizes);
        const auto image = static_cast<size_t>(task / m_byOutputs);
        const dnnl::engine& cpu = onednn::cpu();
        const int64_t perImage = m_x.size(1) * m_x.size(2) * m_x.size(3);
        const at::Tensor& part = m_parts[image];
        memory packed(kernel.packed, cpu, ofWeight.floats(ceilDiv(static_cast<int64_t>(kernel.packed.get_size()), 4)));
        memory plain(kernel.plain, cpu, part.data_ptr<float>() + firstOutput(task) * part.stride(0));
        onednn::Arguments arguments{
            {DNNL_ARG_SRC, memory(kernel.x, cpu, m_x.data_ptr<float>() + firstImage(task) * perImage)},
            {DNNL_ARG_DIFF_DST, memory(kernel.dy, cpu, gradientOf(task, sizes, ofGradient))},
            {DNNL_ARG_DIFF_WEIGHTS, packed},
            {DNNL_ARG_SCRATCHPAD,
             memory(kernel.scratch, cpu,
                    ofKernel.floats(ceilDiv(static_cast<int64_t>(kernel.scratch.get_size()), 4)))}};
        if (m_wantsBias)
            arguments.emplace(DNNL_ARG_DIFF_BIAS,
                              memory(kernel.bias, cpu, m_biasParts[image].data_ptr<float>() + firstOutput(task)));
        dnnl::stream stream(cpu);
        kernel.primitive.execute(stream, arguments);
        kernel.toPlain.execute(stream, {{DNNL_ARG_FROM, packed}, {DNNL_ARG_TO, plain}});
        stream.wait();
    }

    // The first becomes the sum of all.
    static void add(const std::vector<at::Tensor>& parts) {
        float* const sum = parts.front().data_ptr<float>();
        at::parallel_for(0, parts.front().numel(), 1 << 14, [&](int64_t begin, int64_t end) {
            for (size_t part = 1; part < parts.size(); ++part) {
                const float* const more = parts[part].data_ptr<float>();
                for (int64_t i = begin; i < end; ++i) sum[i] += more[i];
            }
        });
    }

    const Conv2d& m_window;
    const at::Tensor &m_x, &m_dy;
    Cut m_cut;
    int64_t m_byImages, m_byOutputs;
    bool m_wantsBias;
    std::vector<at::Tensor> m_parts, m_biasParts;  // one a share of the images
    std::map<Sizes, Kernel> m_kernels;             // sizes differ at the ends
};

}  // namespace

ConvGradient convWeightGradient(const Conv2d& window, const at::Tensor& x, const at::Tensor& dy,
                                const at::Tensor& weight, bool wantsBias) {
    return onednn::guarded([&] { return WeightGradient(window, x, dy, weight, wantsBias).run(); });
}

}  // namespace qat
