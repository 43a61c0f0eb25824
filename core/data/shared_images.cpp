// Cheap keys first: only what agrees in one is looked at more closely.
#include "data/shared_images.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>

#include "base/error.h"
#include "base/sha256.h"

namespace qat {
namespace {

// What must agree for two pictures to be the same; empty: the same as no other.
using KeyOf = std::string (*)(const Dataset&, int64_t);

// Pictures without a file, such as drawn ones, have no size.
std::string fileSize(const Dataset& data, int64_t index) {
    std::error_code missing;
    const auto bytes = std::filesystem::file_size(data.path(index), missing);
    return missing || bytes == 0 ? "" : std::to_string(bytes);
}

std::string fileDigest(const Dataset& data, int64_t index) {
    return fileSha256(data.path(index));
}

std::string shape(const Dataset& data, int64_t index) {
    const cv::Size size = data.imageSize(index);
    return str(size.width, "x", size.height);
}

std::string somePixels(const Dataset& data, int64_t index) {
    constexpr int kPlaces = 8;  // along a side
    const Sample sample = data.read(index);
    const cv::Mat& image = sample.image;
    std::string pixels;
    if (sample.damaged) return pixels;  // stand-ins are like each other
    for (int i = 0; i < kPlaces; ++i)
        for (int j = 0; j < kPlaces; ++j) {
            const auto* pixel =
                image.ptr<char>((2 * i + 1) * image.rows / (2 * kPlaces), (2 * j + 1) * image.cols / (2 * kPlaces));
            pixels.append(pixel, image.elemSize());
        }
    return pixels;
}

std::string allPixels(const Dataset& data, int64_t index) {
    const cv::Mat image = data.read(index).image;
    Sha256 digest;
    for (int row = 0; row < image.rows; ++row)
        digest.update(std::as_bytes(std::span(image.ptr(row), static_cast<size_t>(image.cols) * image.elemSize())));
    return digest.hex();
}

// Pictures of one set that may be in the other.
struct Candidates {
    const Dataset& data;
    std::vector<int64_t> indices;
    std::vector<std::string> keys{};

    void key(KeyOf keyOf) {
        keys.assign(indices.size(), "");
        at::parallel_for(0, static_cast<int64_t>(indices.size()), 1, [&](int64_t begin, int64_t end) {
            for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
                keys[i] = keyOf(data, indices[i]);
        });
    }
    void keep(const std::vector<std::string>& others) {
        const std::set<std::string> known(others.begin(), others.end());
        size_t kept = 0;
        for (size_t i = 0; i < indices.size(); ++i)
            if (!keys[i].empty() && known.contains(keys[i]))
                indices[kept] = indices[i], std::swap(keys[kept++], keys[i]);
        indices.resize(kept);
        keys.resize(kept);
    }
};

// Pairs that agree in every key, the last of which decides.
std::map<int64_t, int64_t> agreeing(Candidates first, Candidates second, std::initializer_list<KeyOf> keysOf) {
    for (const KeyOf keyOf : keysOf) {
        first.key(keyOf);
        second.key(keyOf);
        const std::vector<std::string> keys = first.keys, others = second.keys;
        first.keep(others);
        second.keep(keys);
    }
    std::map<std::string, int64_t> lowest;
    for (size_t i = 0; i < second.indices.size(); ++i) lowest.try_emplace(second.keys[i], second.indices[i]);
    std::map<int64_t, int64_t> pairs;
    for (size_t i = 0; i < first.indices.size(); ++i) pairs.emplace(first.indices[i], lowest.at(first.keys[i]));
    return pairs;
}

}  // namespace

std::vector<SharedImage> sharedImages(const Dataset& first, const std::vector<int64_t>& chosen, const Dataset& second,
                                      int64_t limit) {
    std::vector<int64_t> all(static_cast<size_t>(limit > 0 ? std::min(limit, second.size()) : second.size()));
    std::iota(all.begin(), all.end(), 0);
    const auto files = agreeing({first, chosen}, {second, all}, {fileSize, fileDigest});
    std::vector<int64_t> rest;
    std::ranges::copy_if(chosen, std::back_inserter(rest), [&](int64_t index) { return !files.contains(index); });
    const auto pixels = agreeing({first, rest}, {second, all}, {shape, somePixels, allPixels});
    std::vector<SharedImage> shared;
    for (const int64_t index : chosen) {
        if (const auto found = files.find(index); found != files.end())
            shared.push_back({index, found->second, true});
        else if (const auto same = pixels.find(index); same != pixels.end())
            shared.push_back({index, same->second, false});
    }
    return shared;
}

}  // namespace qat
