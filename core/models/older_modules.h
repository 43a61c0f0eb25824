// Modules of tables from before YOLOv5's last version and of the years around it.
#pragma once

#include "models/modules.h"

namespace qat {

// A convolution of the four phases of a map, which is half as large so.
Maps focus(const ModuleCall& call);
// Convolutions one after another, and what they began with.
Maps c1(const ModuleCall& call);
// Like C3, with bare convolutions behind both parts and one norm over them.
Maps bottleneckCsp(const ModuleCall& call);

// cv2(cat(cv1 x, its poolings by several kernels)).
Maps spp(const ModuleCall& c);

}  // namespace qat
