// Walks dictionaries as far as a number of steps goes; a name may stand in one key or in several that follow each
// other.
#include "import/range_reader.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "import/numbers_in.h"

namespace qat {
namespace {

constexpr std::string_view kQuantizer = "quantizer";
constexpr size_t kMostNumbersInRanges = 1000000, kMostStepsInRanges = 200000, kLongestQuantizer = 1000;

std::string_view lastPart(std::string_view name) {
    const size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::string_view withoutLast(std::string_view name) {
    const size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

bool isAmax(std::string_view part) {
    return part == "_amax" || part == "amax";
}

// Of a quantizer's name: model.0.conv._input_quantizer.
std::optional<CalibratedRange> quantizerNamed(std::string_view name) {
    std::string_view place = lastPart(name);
    if (!place.ends_with(kQuantizer)) return std::nullopt;
    place.remove_suffix(kQuantizer.size());
    while (place.ends_with('_')) place.remove_suffix(1);
    while (place.starts_with('_')) place.remove_prefix(1);
    CalibratedRange range;
    range.module = withoutLast(name);
    range.place = place;
    return range;
}

class RangeWalk {
public:
    explicit RangeWalk(StorageSource& storages) : m_storages(storages) {}

    void walk(const PickleValue& value, const std::string& name, int depth) {
        constexpr int kDeepest = 12;
        if (depth > kDeepest) return;
        for (const PickleValue& item : value.items()) {
            if (++m_steps > kMostStepsInRanges) return;
            walk(item, name, depth + 1);
        }
        for (const auto& [key, entry] : value.pairs()) {
            if (++m_steps > kMostStepsInRanges) return;
            const auto text = key.asText();
            if (text && text->size() + name.size() < kLongestQuantizer && isUtf8(*text))
                take(extended(name, *text), entry, depth);
        }
    }

    std::vector<CalibratedRange> ranges() {
        for (const auto& [quantizer, bits] : m_bits)
            if (const auto found = m_ranges.find(quantizer); found != m_ranges.end()) found->second.bits = bits;
        std::vector<CalibratedRange> result;
        for (auto& [name, range] : m_ranges) result.push_back(std::move(range));
        return result;
    }

private:
    // A key goes on with the name so far where that is a module and the key one of its quantizers, or what such has.
    static std::string extended(const std::string& name, std::string_view key) {
        const bool whole = key.find('.') != std::string_view::npos && key.find(kQuantizer) != std::string_view::npos;
        const bool part = key.ends_with(kQuantizer) || lastPart(name).ends_with(kQuantizer);
        return whole || name.empty() || !part ? std::string(key) : name + '.' + std::string(key);
    }

    void take(const std::string& name, const PickleValue& value, int depth) {
        const std::string_view last = lastPart(name);
        const std::string quantizer(last.ends_with(kQuantizer) ? std::string_view(name) : withoutLast(name));
        if (last == "_num_bits" || last == "num_bits") {
            const int64_t bits = value.asInt().value_or(0);
            if (bits >= 1 && bits <= 64) m_bits[quantizer] = bits;
        } else if ((isAmax(last) || last.ends_with(kQuantizer)) && quantizerNamed(quantizer) &&
                   addRange(quantizer, value)) {
            return;
        }
        walk(value, name, depth + 1);
    }

    bool addRange(const std::string& quantizer, const PickleValue& value) {
        constexpr size_t kMostChannels = 100000, kCostOfFailure = 1000;
        auto amax = numbersIn(value, m_storages, kMostChannels);
        const auto sound = [](double number) { return number >= 0; };
        if (!amax || amax->empty() || !std::ranges::all_of(*amax, sound)) {
            m_steps += kCostOfFailure;
            return false;
        }
        m_numbers += amax->size();
        require(m_numbers <= kMostNumbersInRanges, ErrorKind::BadInput, "the ranges of its quantizers are more than ",
                kMostNumbersInRanges, " numbers");
        CalibratedRange range = *quantizerNamed(quantizer);
        range.amax = std::move(*amax);
        m_ranges.insert_or_assign(quantizer, std::move(range));
        return true;
    }

    StorageSource& m_storages;
    size_t m_steps = 0, m_numbers = 0;
    std::map<std::string, CalibratedRange> m_ranges;
    std::map<std::string, int64_t> m_bits;
};

}  // namespace

std::optional<CalibratedRange> rangeNamed(std::string_view name) {
    return isAmax(lastPart(name)) ? quantizerNamed(withoutLast(name)) : std::nullopt;
}

std::vector<CalibratedRange> readRanges(const PickleValue& value, StorageSource& storages) {
    RangeWalk walk(storages);
    walk.walk(value, "", 0);
    return walk.ranges();
}

}  // namespace qat
