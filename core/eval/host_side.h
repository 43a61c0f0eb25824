// The work of the computer beside an accelerator (FINN): bytes of pictures go in, bytes of raw maps come out, and boxes
// are made of these here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace qat {

// Why no host can read the model's maps, a sentence; "" if one can: heads without anchors, and models in float.
std::string hostSideTrouble(const Graph& graph);

class HostSide {
public:
    // graph: of a quantized model with anchors, whose inference form is cut before its decoding, its maps clipped to
    // [-1, 1] as hardware has them (passes/hard_tanh_head.h). scale: what codes are multiplied with, as a file
    // scale.npy holds it, one number; else the graph's own. precise: as in ExecutorOptions. Throws Error{BadInput} with
    // what hostSideTrouble() says, or for a scale that is none.
    explicit HostSide(const Graph& graph, std::optional<at::Tensor> scale = {}, bool precise = false);
    ~HostSide();
    HostSide(HostSide&&) noexcept;
    HostSide& operator=(HostSide&&) noexcept;

    // images: float [N,3,H,W] that were bytes; returns these, uint8 [N,H,W,3].
    static at::Tensor bytesOf(const at::Tensor& images);
    // What the accelerator gives for such bytes, computed on integers here: int8 [N,H/stride,W/stride,C], a level each.
    std::vector<at::Tensor> accelerated(const at::Tensor& bytes);
    // Codes like these, times the scale, channels in front, decoded: float [N, 4 + classes, places].
    at::Tensor decoded(const std::vector<at::Tensor>& codes);
    // All of it for images of a loader.
    at::Tensor run(const at::Tensor& images) { return decoded(accelerated(bytesOf(images))); }

    // What the codes of a level are multiplied with.
    float scale(size_t level) const;

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

}  // namespace qat
