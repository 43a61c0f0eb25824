// Memory for tensors, so that what one step gives back is what the next one takes.
#pragma once

namespace qat {

// From here on tensors get their memory through plain malloc. libtorch aligns by posix_memalign, which asks for more
// than it hands out: a freed block is then too small for a tensor of its own size, the heap grows instead, and the
// kernel clears every page of it (glibc 2.36; a fifth of the time of a fused kernel's backward pass).
void reuseTensorMemory();

}  // namespace qat
