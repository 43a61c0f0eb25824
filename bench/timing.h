// Wall times of competing pieces of work, taken in turns so that what else the machine does hits all of them alike.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace qat::bench {

using Work = std::function<void()>;

struct Rounds {
    int warmup = 2;  // not counted: caches, lazily built plans, the heap
    int counted = 15;
};

inline double secondsOf(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A B A B ...: result[i][r] is the time in seconds of work i in counted round r.
inline std::vector<std::vector<double>> takeTurns(const std::vector<Work>& works, const Rounds& rounds) {
    std::vector<std::vector<double>> seconds(works.size());
    for (int round = -rounds.warmup; round < rounds.counted; ++round)
        for (size_t i = 0; i < works.size(); ++i) {
            const double spent = secondsOf(works[i]);
            if (round >= 0) seconds[i].push_back(spent);
        }
    return seconds;
}

// values must not be empty; the mean of the two middle ones of an even number.
inline double median(std::vector<double> values) {
    std::ranges::sort(values);
    const size_t middle = values.size() / 2;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace qat::bench
