// Images for whatever looks at activations: batches without the stand-ins of pictures that cannot be decoded, which
// would show a range or an error that no picture has.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "data/loader.h"

namespace qat {

// `count` images in the loader's order, in batches [n,3,H,W] of options.batch, the last one maybe smaller; then an
// undefined tensor. Others take the place of damaged pictures as long as there are any. The returned function adds the
// indices of the images to `taken` if it is given, and throws Error{BadInput} if not one picture could be decoded.
std::function<at::Tensor()> feedImages(const std::shared_ptr<const Dataset>& data, const LoaderOptions& options,
                                       int64_t count, std::vector<int64_t>* taken = nullptr);

}  // namespace qat
