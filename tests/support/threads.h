// A number of threads for a scope.
#pragma once

#include <ATen/Parallel.h>

namespace qat::test {

class Threads {
public:
    explicit Threads(int count) { at::set_num_threads(count); }
    ~Threads() { at::set_num_threads(m_before); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

private:
    int m_before = at::get_num_threads();
};

}  // namespace qat::test
