// What kernels see of a layer of one-qubit circuits on edges: plain data without functions (see
// view.hpp for why).
//
// The state of a circuit is its Bloch vector, which starts at +x; a step turns it about an axis by
// a trainable angle, or by the data: w x + b, or arccos(w x + b). The value is <Z>, or
// |alpha| - |beta|.
#pragma once

#include <cstdint>

namespace ketwork {

struct QkanStep {
    int32_t axis;   // 0, 1, 2 for x, y, z
    int32_t data;   // 1: by the data, 0: by a trainable angle
    int32_t index;  // of the repetition, or of the trainable angle
};

constexpr int most_qkan_reps = 256;

// Rows of data, values and gradients have `batch` numbers, a multiple of 32. The row of edge
// (output, input) is output * n_inputs + input, or output if the inputs are summed.
template <class T>
struct QkanJob {
    const QkanStep* steps;
    int64_t n_steps, n_outputs, n_inputs, n_angles, n_reps, batch;
    bool arccos, fast, sum;
    const T* data;      // (n_inputs, batch)
    const T* cosines;   // (n_outputs, n_inputs, n_angles)
    const T* sines;     // (n_outputs, n_inputs, n_angles)
    const T* weight;    // (n_outputs, n_inputs, n_reps)
    const T* bias;      // (n_outputs, n_inputs, n_reps)
    const T* scale;     // (n_outputs, n_inputs)
    const T* gradient;  // rows: backward
    T* values;          // rows: forward, zero before
    T* by_data;         // (n_inputs, batch): backward, zero before
    T* by_angles;       // as cosines: backward
    T* by_weight;       // as weight: backward
    T* by_bias;         // as weight: backward
    T* by_scale;        // as scale: backward
    int threads;
};

template <class T>
struct QkanKernels {
    void (*forward)(const QkanJob<T>&);
    void (*backward)(const QkanJob<T>&);
};

}  // namespace ketwork
