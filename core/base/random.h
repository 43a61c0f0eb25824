// The only source of randomness: a small counter-free generator whose whole state fits a checkpoint.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace qat {

// xoshiro256++ (Blackman and Vigna, 2019), seeded through splitmix64. Same seed, same numbers, on every machine.
class Random {
public:
    using State = std::array<uint64_t, 4>;

    explicit Random(uint64_t seed) {
        for (auto& word : m_state) word = splitMix(seed);
    }
    explicit Random(const State& state) : m_state(state) {}

    // An independent generator for item `index` of stream `seed`: what a worker draws does not depend on who draws.
    static Random forItem(uint64_t seed, uint64_t stream, uint64_t index) {
        uint64_t mix = seed;
        mix = splitMix(mix) ^ (stream * 0xD1B54A32D192ED03ULL);
        mix = splitMix(mix) ^ (index * 0x9E3779B97F4A7C15ULL);
        return Random(mix);
    }

    uint64_t next() {
        const uint64_t result = rotate(m_state[0] + m_state[3], 23) + m_state[0];
        const uint64_t shifted = m_state[1] << 17;
        m_state[2] ^= m_state[0];
        m_state[3] ^= m_state[1];
        m_state[1] ^= m_state[2];
        m_state[0] ^= m_state[3];
        m_state[2] ^= shifted;
        m_state[3] = rotate(m_state[3], 45);
        return result;
    }
    // Uniform in [0, 1), 53 random bits.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    // Uniform in [0, bound); the bias of the multiply is below 2^-32 for the sizes we draw.
    int64_t below(int64_t bound) {
        return static_cast<int64_t>((static_cast<unsigned __int128>(next()) * static_cast<uint64_t>(bound)) >> 64);
    }
    // Box-Muller, one value a call so that the state alone determines what follows.
    double normal() {
        const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        return radius * std::cos(6.283185307179586 * uniform());
    }
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(static_cast<int64_t>(i))]);
    }
    const State& state() const { return m_state; }

private:
    static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
    static uint64_t splitMix(uint64_t& state) {
        uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }

    State m_state{};
};

}  // namespace qat
