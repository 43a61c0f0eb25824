// What libtorch 1.13 (Debian 12) and 2.6 (Debian 13) spell differently in the extension points of a device. No other
// file of these tests asks for a version.
#pragma once

#include <c10/util/Optional.h>
#include <torch/version.h>

#include <optional>

namespace qat::test {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
template <class T>
using Maybe = std::optional<T>;
inline constexpr std::nullopt_t noValue = std::nullopt;
#else
template <class T>
using Maybe = c10::optional<T>;
inline constexpr c10::nullopt_t noValue = c10::nullopt;
#endif

#if TORCH_VERSION_MAJOR >= 2
using HookIndex = c10::DeviceIndex;  // how hooks number devices
#else
using HookIndex = int64_t;
#endif

}  // namespace qat::test
