// What an instruction-set build of the kernels offers; one table per build and precision.
#pragma once

#include "view.hpp"

namespace ketwork {

// A batch of values and where results go. Pointers may be null where a result is not wanted.
template <class T>
struct Job {
    const ProgramView* program;
    int64_t batch;
    const T* inputs;          // (batch, n_inputs)
    const T* weights;         // (1 or batch, n_weights)
    bool weights_vary;        // one row of weights per sample
    const T* start;           // (batch or 1, 2^n) complex, or null for |0...0>
    bool start_varies;
    const T* gradient;        // (batch, n_values): backward
    T* values;                // (batch, n_values): forward
    T* states;                // (batch, 2^n) complex: forward
    T* by_inputs;             // (batch, n_inputs), or null if not wanted: backward
    T* by_weights;            // (1 or batch, n_weights): backward
    T* by_start;              // (batch, 2^n) complex: backward
    T* keep;                  // `kept` numbers: final states as they lie in vectors: forward
    const T* kept;            // the same numbers, instead of running forward again: backward
    int threads;
};

template <class T>
struct Kernels {
    const char* name;
    int lanes;
    void (*run)(const Job<T>&);
    int64_t (*kept)(const ProgramView&, int64_t batch);    // numbers behind `keep`
    int64_t (*visits)(const ProgramView&, int64_t batch);  // of all of a state that is not cached
};

}  // namespace ketwork
