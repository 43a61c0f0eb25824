// Chooses the model, loads its tensors in order and reads what it says about itself.
#include "import/torch_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "import/description.h"
#include "import/module_attributes.h"
#include "import/module_walk.h"
#include "import/numbers_in.h"
#include "import/range_reader.h"
#include "import/value_text.h"

namespace qat {
namespace {

// Loads tensors until the elements that the file can reasonably stand for are spent: many tensors may share a
// storage, and a stride of 0 makes any number of elements out of one.
class TensorList {
public:
    TensorList(StorageSource& storages, size_t fileBytes)
        : m_storages(storages), m_left(static_cast<int64_t>(4 * fileBytes) + (int64_t{1} << 20)) {}

    void add(const std::string& name, const PickleValue& value) {
        about(name, [&] {
            m_located.push_back({name, locateTensor(value, m_storages)});
            ++m_readers[m_located.back().source.bytes.data()];
        });
    }

    // All that were added. After the last tensor of a storage its bytes are done.
    std::vector<NamedTensor> load(const BytesDone& done) {
        std::vector<NamedTensor> tensors;
        for (const Located& each : m_located) {
            const StridedElements& source = each.source;
            about(each.name, [&] { tensors.push_back({each.name, load(source), std::string(typeName(source.type))}); });
            if (--m_readers[source.bytes.data()] == 0 && !source.bytes.empty()) done(source.bytes);
        }
        return tensors;
    }

private:
    struct Located {
        std::string name;
        StridedElements source;
    };

    template <class Work>
    static void about(const std::string& name, const Work& work) {
        try {
            work();
        } catch (const Error& error) {
            throw Error(error.kind(), str("tensor ", inQuotes(name), ": ", error.what()));
        }
    }

    TensorPtr load(const StridedElements& source) {
        constexpr int64_t kOverhead = 256;  // an empty tensor takes memory too
        TensorPtr tensor = readTensor(source, std::max<int64_t>(m_left, 1));
        m_left -= tensor->numel() + kOverhead;
        require(m_left >= 0, ErrorKind::BadInput, "the tensors so far have more elements than the file can hold");
        return tensor;
    }

    StorageSource& m_storages;
    int64_t m_left;
    std::vector<Located> m_located;
    std::map<const std::byte*, int64_t> m_readers;  // tensors of a storage that are still to be made
};

bool holdsTensors(const PickleValue& value) {
    const auto isTensor = [](const auto& pair) { return isPickledTensor(pair.second); };
    return value.is(PickleKind::Dict) && std::ranges::any_of(value.pairs(), isTensor);
}

// Up to ten names of what is there.
std::string entriesOf(const PickleValue& root) {
    constexpr size_t kMost = 10;
    std::string names;
    for (size_t i = 0; i < std::min(root.pairs().size(), kMost); ++i)
        names += str(i > 0 ? ", " : ": its entries are ", inQuotes(root.pairs()[i].first.asText().value_or("?")));
    return names;
}

// Of a pair the first: old trainings kept the averaged model with the number of its updates.
const PickleValue& firstOf(const PickleValue& value) {
    return value.is(PickleKind::Tuple) && !value.items().empty() ? value.items()[0] : value;
}

const PickleValue& chooseModel(const PickleValue& root) {
    if (isModule(root)) return root;
    for (const std::string_view key :
         {"ema", "model_ema", "ema_state_dict", "model", "state_dict", "model_state_dict", "net", "weights"}) {
        const PickleValue* value = root.is(PickleKind::Dict) ? root.find(key) : nullptr;
        if (value && (isModule(firstOf(*value)) || holdsTensors(firstOf(*value)))) return firstOf(*value);
    }
    require(holdsTensors(root), ErrorKind::BadInput, "it holds neither a model nor a state dict", entriesOf(root));
    return root;
}

// The only module inside a module that wraps it for compilation, data-parallel training or averaging, or as the
// Ultralytics front class does; what the model says about itself stands there.
PickleValue unwrapped(PickleValue module) {
    constexpr int kMostWrappers = 8;
    for (int depth = 0; depth < kMostWrappers; ++depth) {
        const PickleValue* children = attributes(module).find("_modules");
        const auto parts = children ? children->pairs() : std::span<const std::pair<PickleValue, PickleValue>>{};
        if (parts.size() != 1 || !isModule(parts[0].second)) break;
        const std::string_view name = parts[0].first.asText().value_or("");
        const bool says = attributes(parts[0].second).find("names") || attributes(parts[0].second).find("yaml");
        if (name != "_orig_mod" && name != "module" && !(name == "model" && says)) break;
        module = parts[0].second;
    }
    return module;
}

std::string text(std::string_view bytes, std::string_view what) {
    require(isUtf8(bytes), ErrorKind::BadInput, what, " ", inQuotes(bytes), " is not UTF-8");
    return std::string(bytes);
}

// A single value, or a few of them in a list: a height and a width.
std::optional<std::string> shownText(const PickleValue& value) {
    constexpr size_t kMostItems = 16;
    if (!value.is(PickleKind::List) && !value.is(PickleKind::Tuple)) return scalarText(value);
    const auto isNumber = [](const PickleValue& item) { return item.asNumber().has_value(); };
    const bool few = value.items().size() <= kMostItems && std::ranges::all_of(value.items(), isNumber);
    return few ? std::optional(valueJson(value)) : std::nullopt;
}

void addMetadata(const PickleValue& dict, std::string_view prefix, Checkpoint& checkpoint) {
    constexpr size_t kMostEntries = 1000, kLongest = 10000;
    for (const auto& [key, value] : dict.pairs()) {
        const auto shown = shownText(value);
        const auto name = key.asText();
        if (checkpoint.metadata.size() >= kMostEntries) return;
        if (name && isUtf8(*name) && shown && shown->size() + name->size() <= kLongest)
            checkpoint.metadata.insert_or_assign(str(prefix, *name), *shown);
    }
}

void placeName(std::vector<std::string>& names, int64_t index, const PickleValue& name) {
    const bool placed = index >= 0 && index < static_cast<int64_t>(names.size()) && name.asText() &&
                        names[static_cast<size_t>(index)].empty();
    require(placed, ErrorKind::BadInput, "the class names are not numbered from 0 on");
    names[static_cast<size_t>(index)] = text(*name.asText(), "the class name");
}

// The number that a key is, or is the text of; -1 for any other.
int64_t indexOf(const PickleValue& key) {
    const auto text = key.asText();
    if (!text) return key.asInt().value_or(-1);
    int64_t index = -1;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), index);
    return error == std::errc() && end == text->data() + text->size() ? index : -1;
}

// A list of names, or a dict from index to name.
std::vector<std::string> readClassNames(const PickleValue& names) {
    const size_t count = names.is(PickleKind::Dict) ? names.pairs().size() : names.items().size();
    require(static_cast<int64_t>(count) <= kMostClasses, ErrorKind::BadInput, "it names ", count, " classes");
    std::vector<std::string> result(count);
    int64_t next = 0;
    if (names.is(PickleKind::List) || names.is(PickleKind::Tuple))
        for (const PickleValue& name : names.items()) placeName(result, next++, name);
    if (names.is(PickleKind::Dict))
        for (const auto& [index, name] : names.pairs()) placeName(result, indexOf(index), name);
    return result;
}

std::vector<int64_t> readStrides(const PickleValue& value, StorageSource& storages) {
    constexpr size_t kMost = 16;
    const auto numbers = numbersIn(value, storages, kMost);
    require(numbers.has_value(), ErrorKind::BadInput, "its strides are not up to ", kMost, " numbers");
    std::vector<int64_t> strides;
    for (const double number : *numbers) {
        const bool sensible = number >= 1 && number <= 65536 && number == static_cast<double>(static_cast<int>(number));
        require(sensible, ErrorKind::BadInput, "its stride ", number, " is not a small integer");
        strides.push_back(static_cast<int64_t>(number));
    }
    return strides;
}

// The task in a dict, or among the attributes of an object such as the arguments of a training; empty if it is not
// there.
std::string taskIn(const PickleValue* holder) {
    constexpr size_t kLongest = 100;
    if (!holder) return {};
    const PickleValue entries = holder->is(PickleKind::Object) ? attributes(*holder) : *holder;
    const PickleValue* task = entries.find("task");
    const auto name = task ? task->asText() : std::nullopt;
    return name && name->size() <= kLongest && isUtf8(*name) ? std::string(*name) : std::string();
}

// What the model says of its task counts before what its training was told.
std::string readTask(const PickleValue& model, const PickleValue& root) {
    for (const PickleValue* holder : {&model, model.find("args"), &root, root.find("args"), root.find("train_args")})
        if (std::string task = taskIn(holder); !task.empty()) return task;
    return {};
}

// What detection models say about themselves in attributes, or checkpoints beside their state dict.
void readAttributes(const PickleValue& source, StorageSource& storages, Checkpoint& checkpoint) {
    const PickleValue* yaml = source.find("yaml");
    if (yaml) addMetadata(*yaml, "yaml.", checkpoint);
    if (yaml && !yaml->isNone()) checkpoint.architectureJson = valueJson(*yaml);
    if (const PickleValue* stride = source.find("stride")) checkpoint.strides = readStrides(*stride, storages);
    const PickleValue* names = source.find("names");
    const PickleValue* count = source.find("nc");
    if (!count && yaml) count = yaml->find("nc");
    setClasses(checkpoint, names ? readClassNames(*names) : std::vector<std::string>(),
               count ? count->asInt() : std::nullopt);
}

// What quantization-aware training of Ultralytics keeps beside a network without quantizers.
void readQuantizers(const PickleValue& root, StorageSource& storages, Checkpoint& checkpoint) {
    const PickleValue* kept = root.find("modelopt");
    if (!kept || kept->isNone()) return;
    checkpoint.ranges = readRanges(*kept, storages);
    if (checkpoint.ranges.empty())
        checkpoint.notes.push_back(str(
            "the quantizers that it keeps under \"modelopt\" were left: no ranges can be made out", entriesOf(*kept)));
}

}  // namespace

Checkpoint buildCheckpoint(const PickleValue& root, StorageSource& storages, size_t fileBytes, const BytesDone& done) {
    const PickleValue& model = chooseModel(root);
    Checkpoint checkpoint;
    TensorList list(storages, fileBytes);
    if (root.is(PickleKind::Dict)) addMetadata(root, "", checkpoint);
    if (isModule(model)) {
        const PickleValue inner = unwrapped(model);
        checkpoint.moduleClass = text(moduleClass(inner), "the class of the model");
        ModuleList modules(storages);
        walkModule(
            model, [&](const std::string& name, const PickleValue& value) { list.add(name, value); },
            [&](const std::string& path, const PickleValue& module) { modules.add(path, module); });
        checkpoint.modules = modules.take();
        readAttributes(attributes(inner), storages, checkpoint);
        checkpoint.task = readTask(attributes(inner), root);
    } else {
        for (const auto& [name, value] : model.pairs())
            if (name.asText() && isPickledTensor(value)) list.add(std::string(*name.asText()), value);
        readAttributes(root, storages, checkpoint);
        checkpoint.task = readTask(root, root);
    }
    readQuantizers(root, storages, checkpoint);
    checkpoint.tensors = list.load(done);
    return checkpoint;
}

}  // namespace qat
