// What oneDNN 2 (Debian 12) and oneDNN 3 (Debian 13) spell differently. No other file asks for a version.
#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <optional>
#include <tuple>
#include <unordered_map>

namespace qat::onednn {

using Arguments = std::unordered_map<int, dnnl::memory>;

// The description of a primitive. what: what oneDNN 2 makes an operation descriptor of, in that order. hint: the
// forward description, for gradients.
template <class Primitive, class... What, class... Hint>
typename Primitive::primitive_desc describe(const dnnl::engine& engine, const std::tuple<What...>& what,
                                            const dnnl::primitive_attr& attributes, const Hint&... hint) {
    return std::apply(
        [&](const What&... part) {
#if DNNL_VERSION_MAJOR >= 3
            return typename Primitive::primitive_desc(engine, part..., hint..., attributes);
#else
            return typename Primitive::primitive_desc(typename Primitive::desc(part...), attributes, engine, hint...);
#endif
        },
        what);
}

// The first description with a kernel whose name is accepted, or nothing. Kernels are told one after the other from
// what oneDNN 2 keeps a pointer to only, so that its operation descriptor must live that long.
template <class Primitive, class Accepts, class... What, class... Hint>
std::optional<typename Primitive::primitive_desc> describeFirst(const Accepts& accepts, const dnnl::engine& engine,
                                                                const std::tuple<What...>& what,
                                                                const dnnl::primitive_attr& attributes,
                                                                const Hint&... hint) {
#if DNNL_VERSION_MAJOR >= 3
    auto description = describe<Primitive>(engine, what, attributes, hint...);
#else
    const auto operation = std::make_from_tuple<typename Primitive::desc>(what);
    typename Primitive::primitive_desc description(operation, attributes, engine, hint...);
#endif
    do {
        if (accepts(description.impl_info_str())) return description;
    } while (description.next_impl());
    return std::nullopt;
}

// Applies the function to what a primitive makes.
inline void appendFunction(dnnl::post_ops& after, dnnl::algorithm function, float alpha, float beta) {
#if DNNL_VERSION_MAJOR >= 3
    after.append_eltwise(function, alpha, beta);
#else
    after.append_eltwise(1, function, alpha, beta);
#endif
}

// The data has this zero point: oneDNN 2 builds it into the kernel, oneDNN 3 wants passZeroPoint() at every execution.
inline void setZeroPoint(dnnl::primitive_attr& attributes, [[maybe_unused]] int32_t zeroPoint) {
#if DNNL_VERSION_MAJOR >= 3
    attributes.set_zero_points_mask(DNNL_ARG_SRC, 0);
#else
    attributes.set_zero_points(DNNL_ARG_SRC, 0, {zeroPoint});
#endif
}

// zeroPoint must outlive the execution.
inline void passZeroPoint([[maybe_unused]] Arguments& arguments, [[maybe_unused]] const dnnl::engine& engine,
                          [[maybe_unused]] int32_t& zeroPoint) {
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::memory::desc one({1}, dnnl::memory::data_type::s32, dnnl::memory::format_tag::x);
    arguments.emplace(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, dnnl::memory(one, engine, &zeroPoint));
#endif
}

}  // namespace qat::onednn
