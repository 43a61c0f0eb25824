// Blocks that split the channels, work on a part and join all of it again: C2f, C3, C3k2 and their kin.
#pragma once

#include <functional>
#include <string>

#include "models/module_builder.h"

namespace qat {

struct BottleneckSpec {
    int64_t channels = 0;
    bool shortcut = true;
    int64_t groups = 1;
    Pair first{3, 3}, second{3, 3};  // kernels
    double ratio = 0.5;              // of the channels inside to those outside
    bool repConv = false;            // its first convolution has two branches (repConv())
};
ValueId bottleneck(ModuleBuilder& b, const std::string& name, ValueId x, const BottleneckSpec& spec);

// A block at `name`, which keeps the number of channels.
using InnerBlock = std::function<ValueId(const std::string& name, ValueId x)>;

// cv2(cat(halves of cv1 x, inner of the last, inner of that, ...)); `half` channels each.
ValueId c2fFlow(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t half, int64_t repeats,
                const InnerBlock& inner);
// cv3(cat(inner(cv1 x), cv2 x)), inner repeated.
ValueId c3Flow(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t half, int64_t repeats,
               const InnerBlock& inner);

// Blocks name.m.0 and so on are known to patterns as name.bottleneck.0 and name.bottleneck too.
void nameBottleneck(ModuleBuilder& b, const std::string& name, int64_t index);

// Ghost: half the channels by a convolution, the other half by a depthwise one of those.
ValueId ghostConv(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t kernel,
                  int64_t stride, bool activation = true);
ValueId ghostBottleneck(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t kernel,
                        int64_t stride);

// act(3x3 x + 1x1 x), each with a norm of its own.
ValueId repConv(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t groups = 1);
// act(7x7 x + 3x3 x), depthwise.
ValueId repDepthwise(ModuleBuilder& b, const std::string& name, ValueId x);
// Depthwise and pointwise convolutions by turns.
ValueId cib(ModuleBuilder& b, const std::string& name, ValueId x, bool shortcut, bool largeKernel);

}  // namespace qat
