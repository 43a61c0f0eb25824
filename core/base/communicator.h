// What the processes of one data-parallel training have in common: each has a rank, and numbers are added over all.
#pragma once

#include <cstdint>
#include <span>

namespace qat {

class Communicator {
public:
    virtual ~Communicator() = default;

    virtual int64_t rank() const = 0;  // 0 .. size() - 1
    virtual int64_t size() const = 0;
    // Replaces the numbers by their sums over all ranks, added in the order of ranks, so that every rank has the same
    // bits. Every rank must call it, with as many numbers.
    virtual void sum(std::span<float> numbers) = 0;
};

// One process on its own: there is nothing to add.
class SingleProcess final : public Communicator {
public:
    int64_t rank() const override { return 0; }
    int64_t size() const override { return 1; }
    void sum(std::span<float>) override {}

    static SingleProcess& instance() {
        static SingleProcess one;
        return one;
    }
};

}  // namespace qat
