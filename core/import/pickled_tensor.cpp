// Interprets the rebuild calls and persistent ids of PyTorch files.
#include "import/pickled_tensor.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

constexpr int kMostWrappers = 8;
constexpr std::string_view kRebuildPrefix = "torch._utils._rebuild_";

template <class... Pieces>
void check(bool condition, const Pieces&... pieces) {
    require(condition, ErrorKind::BadInput, pieces...);
}

// A tuple of integers, or torch.Size made from one.
Shape integers(const PickleValue& value, std::string_view what) {
    const bool isSize = value.className() == "torch.Size" && !value.node()->args.items().empty();
    const PickleValue& list = isSize ? value.node()->args.items()[0] : value;
    check(list.is(PickleKind::Tuple) || list.is(PickleKind::List), "its ", what, " is not a tuple");
    check(list.items().size() <= 64, "its ", what, " has ", list.items().size(), " entries");
    Shape result;
    for (const PickleValue& item : list.items()) {
        check(item.asInt().has_value(), "its ", what, " holds something that is not an integer");
        result.push_back(*item.asInt());
    }
    return result;
}

bool wrapsTensor(std::string_view function) {
    static constexpr std::array<std::string_view, 4> kWrappers{
        "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
        // Before PyTorch 0.4 these were objects around a tensor.
        "torch.nn.parameter.Parameter", "torch.autograd.variable.Variable"};
    return std::ranges::find(kWrappers, function) != kWrappers.end();
}

// What parameters and subclasses wrap, perhaps several times.
const PickleValue& unwrapTensor(const PickleValue& value) {
    const PickleValue* current = &value;
    for (int depth = 0; depth < kMostWrappers && wrapsTensor(current->className()); ++depth) {
        const auto args = current->node()->args.items();
        if (args.empty()) break;
        current = &args[0];
    }
    return *current;
}

struct RebuildCall {
    std::string_view function;
    std::span<const PickleValue> args;
};

std::optional<RebuildCall> findRebuildCall(const PickleValue& innermost) {
    const std::string_view function = innermost.className();
    const auto args = function.empty() ? std::span<const PickleValue>() : innermost.node()->args.items();
    if (function == "torch._tensor._rebuild_from_type_v2" && args.size() == 4 && args[0].asSymbol())
        return RebuildCall{*args[0].asSymbol(), args[2].items()};
    if (function.starts_with(kRebuildPrefix) && !wrapsTensor(function)) return RebuildCall{function, args};
    return std::nullopt;
}

// The number of a tensor that lies elsewhere in the file.
std::optional<std::string_view> tensorKey(const PickleValue& innermost) {
    return innermost.is(PickleKind::Persistent) ? innermost.node()->args.asText() : std::nullopt;
}

// The flags of a lazily conjugated or negated view: elements would have to be changed.
bool hasViewFlags(const PickleValue& metadata) {
    check(metadata.pairs().size() <= 64, "its metadata has ", metadata.pairs().size(), " entries");
    for (const std::string_view flag : {"conj", "neg"}) {
        const PickleValue* value = metadata.find(flag);
        if (value && value->asBool().value_or(false)) return true;
    }
    return false;
}

// The type of untyped storages is an argument of its own, as in torch.float16.
StoredType explicitType(const PickleValue& value) {
    const std::string_view symbol = value.asSymbol().value_or("");
    const auto type = symbol.starts_with("torch.") ? typeFromName(symbol.substr(6)) : std::nullopt;
    check(type.has_value(), "its element type ", inQuotes(symbol), " is not supported");
    return *type;
}

}  // namespace

StridedElements StorageSource::tensor(std::string_view key) {
    fail(ErrorKind::BadInput, "the file has no tensor ", inQuotes(key));
}

std::optional<StoredType> storageElementType(std::string_view symbol) {
    struct Row {
        std::string_view symbol;
        std::optional<StoredType> type;
    };
    static constexpr std::array<Row, 12> kRows{{{"torch.FloatStorage", StoredType::Float32},
                                                {"torch.HalfStorage", StoredType::Float16},
                                                {"torch.BFloat16Storage", StoredType::BFloat16},
                                                {"torch.DoubleStorage", StoredType::Float64},
                                                {"torch.LongStorage", StoredType::Int64},
                                                {"torch.IntStorage", StoredType::Int32},
                                                {"torch.ShortStorage", StoredType::Int16},
                                                {"torch.CharStorage", StoredType::Int8},
                                                {"torch.ByteStorage", StoredType::UInt8},
                                                {"torch.BoolStorage", StoredType::Bool},
                                                {"torch.storage.UntypedStorage", std::nullopt},
                                                {"torch.UntypedStorage", std::nullopt}}};
    for (const Row& row : kRows)
        if (row.symbol == symbol) return row.type;
    fail(ErrorKind::BadInput, "tensors of ", inQuotes(symbol), " are not supported");
}

StorageId parseStorageId(const PickleValue& persistent) {
    check(persistent.is(PickleKind::Persistent), "its storage is not a persistent id");
    const PickleValue& id = persistent.node()->args;
    const auto parts = id.items();
    check(id.is(PickleKind::Tuple) && parts.size() >= 5 && parts[0].asText() == "storage" && parts[2].asText() &&
              parts[4].asInt().value_or(-1) >= 0,
          "a persistent id does not describe a storage");
    check(parts.size() == 5 || parts[5].isNone(),
          "views of a storage, as written before PyTorch 0.4, are not supported");
    const auto type = storageElementType(parts[1].asSymbol().value_or(""));
    return {*parts[2].asText(), type.value_or(StoredType::UInt8), *parts[4].asInt()};
}

bool isPickledTensor(const PickleValue& value) {
    const PickleValue& innermost = unwrapTensor(value);
    return tensorKey(innermost) || findRebuildCall(innermost);
}

StridedElements locateTensor(const PickleValue& value, StorageSource& storages) {
    const PickleValue& innermost = unwrapTensor(value);
    if (const auto key = tensorKey(innermost)) return storages.tensor(*key);
    const auto call = findRebuildCall(innermost);
    check(call.has_value(), "it is not a tensor");
    const std::string_view version =
        call->function.starts_with(kRebuildPrefix) ? call->function.substr(kRebuildPrefix.size()) : std::string_view();
    check(version == "tensor" || version == "tensor_v2" || version == "tensor_v3", "tensors made by ",
          inQuotes(call->function), " are not supported");
    const auto args = call->args;
    check(args.size() >= (version == "tensor"      ? 4u
                          : version == "tensor_v2" ? 6u
                                                   : 7u),
          "its description has ", args.size(), " parts");
    const size_t metadata = version == "tensor_v3" ? 7 : 6;
    check(args.size() <= metadata || !hasViewFlags(args[metadata]), "conjugated or negated views are not supported");
    const StorageId id = parseStorageId(args[0]);
    check(args[1].asInt().has_value(), "its offset is not an integer");

    StridedElements source;
    source.type = version == "tensor_v3" ? explicitType(args[6]) : id.type;
    source.offset = *args[1].asInt();
    source.shape = integers(args[2], "size");
    source.strides = integers(args[3], "stride");
    source.bytes = storages.bytes(id.key);
    const size_t width = elementBytes(id.type);
    check(source.bytes.size() % width == 0 && source.bytes.size() / width == static_cast<size_t>(id.elements),
          "its storage ", inQuotes(id.key), " has ", source.bytes.size(), " bytes where ", id.elements, " elements of ",
          width, " are announced");
    return source;
}

}  // namespace qat
