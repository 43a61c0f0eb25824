// Least recently used pictures go first.
#include "data/sample_cache.h"

namespace qat {
namespace {

size_t bytesOf(const Sample& sample) {
    return sample.image.total() * sample.image.elemSize();
}

}  // namespace

Sample SampleCache::get(int64_t index) {
    {
        const std::lock_guard lock(m_mutex);
        if (const auto found = m_places.find(index); found != m_places.end()) {
            m_entries.splice(m_entries.begin(), m_entries, found->second);
            return found->second->sample;
        }
    }
    // Two threads may load the same picture at once: rarer and cheaper than making one wait for the other.
    Sample sample = m_load(index);
    keep(index, sample);
    return sample;
}

void SampleCache::keep(int64_t index, const Sample& sample) {
    const std::lock_guard lock(m_mutex);
    if (m_places.contains(index)) return;
    m_entries.push_front({index, sample});
    m_places[index] = m_entries.begin();
    m_bytes += bytesOf(sample);
    while (m_bytes > m_limit && !m_entries.empty()) {
        m_bytes -= bytesOf(m_entries.back().sample);
        m_places.erase(m_entries.back().index);
        m_entries.pop_back();
    }
}

}  // namespace qat
