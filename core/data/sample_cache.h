// Recently read pictures, so that the four pictures of a mosaic are not decoded four times over.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <unordered_map>

#include "data/dataset.h"

namespace qat {

// May be used from several threads. What is returned never depends on what is kept.
class SampleCache {
public:
    // load must be safe to call from several threads; keeps at most byteLimit bytes of pixels.
    SampleCache(std::function<Sample(int64_t)> load, size_t byteLimit) : m_load(std::move(load)), m_limit(byteLimit) {}

    // Loads unless kept. Throws what load throws.
    Sample get(int64_t index);

private:
    struct Entry {
        int64_t index;
        Sample sample;
    };
    void keep(int64_t index, const Sample& sample);

    std::function<Sample(int64_t)> m_load;
    size_t m_limit, m_bytes = 0;
    std::mutex m_mutex;
    std::list<Entry> m_entries;  // most recently used first
    std::unordered_map<int64_t, std::list<Entry>::iterator> m_places;
};

}  // namespace qat
