// All groups of samples, forward and backward.
#pragma once

#include "stochastic_strings.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
struct StochasticSpace {  // one per worker
    Buffer<Shears<L>> shears;
    Buffer<typename L::V> sums;
    StringSpace<L> strings;
};

template <class L, bool back>
void run_stochastic(const StochasticJob<typename L::T>& job) {
    StochasticSpace<L>* const spaces = new StochasticSpace<L>[job.threads];
    const bool y = job.program->r_about_y;
    auto body = [&](int64_t group, int worker) {
        StochasticSpace<L>& space = spaces[worker];
        if (back)
            (y ? run_strings<L, true> : run_strings<L, false>)(job, group, space.strings);
        else
            (y ? run_rows<L, true> : run_rows<L, false>)(job, group, space.shears, space.sums);
    };
    try {
        parallel((job.batch + L::width - 1) / L::width, job.threads, body);
    } catch (...) {
        delete[] spaces;
        throw;
    }
    delete[] spaces;
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
