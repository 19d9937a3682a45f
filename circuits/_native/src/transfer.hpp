// What kernels see of a noisy circuit: plain data without functions (see view.hpp for why).
//
// The state of a sample is the real vector of Tr(P rho). The base-4 digits of an index are the
// Pauli operators (I, X, Y, Z) = (0, 1, 2, 3), the digit of qubit 0 least significant.
#pragma once

#include "engine.hpp"

namespace ketwork {

// One factor of a chain. A chain is an affine map of (X, Y, Z) of one qubit.
enum class FactorKind : int32_t { rx = 0, ry = 1, rz = 2, constant = 3, given = 4 };

struct ChainFactor {
    FactorKind kind;
    int32_t at;  // slot of the angle, offset of 12 constants, or offset of 12 given numbers
};

enum class TransferPass : int32_t { chain, permute, rotate, dense, diagonal };

constexpr int most_targets = 12;

struct TransferStep {
    TransferPass pass;
    int32_t n_targets;
    int8_t targets[most_targets];
    int32_t first_factor, n_factors;  // chain
    int32_t chain;                    // number of the chain among chains
    int32_t slot;                     // rotate
    int64_t data;    // offset: factors of a permutation, entries of a dense matrix; given or not
    int64_t table;   // offset: permute: targets then sources; rotate: pairs; others: offsets
    int64_t n_table; // entries of one of its parts
    bool given;      // dense: the entries are given with the values
    bool learns;     // depends on angles or given numbers
    bool per_sample; // a chain or rotation with an angle that varies
};

struct TransferView {
    int32_t n_qubits, n_chains, n_given;
    int64_t n_entries, n_steps;
    const TransferStep* steps;
    const ChainFactor* factors;
    const double* data;
    const int32_t* tables;  // offsets of vector entries, digits of the targets only
    const int64_t* entries; // entries of the final vector that are read
    ProgramView angles;
};

template <class T>
struct TransferJob {
    const TransferView* program;
    Job<T> values;          // batch, inputs, weights, by_inputs, by_weights, threads
    const T* given;         // (1 or batch, n_given)
    bool given_vary;
    const T* start;         // (1 or batch, 4^n), or null for |0...0>
    bool start_varies;
    const T* gradient;      // (batch, n_entries): backward
    T* entries;             // (batch, n_entries): forward
    T* by_given;            // (1 or batch, n_given): backward
    T* by_start;            // (batch, 4^n): backward
    int64_t tape;           // bytes that a worker may use to remember states
};

template <class T>
struct TransferKernels {
    void (*run)(const TransferJob<T>&);
};

}  // namespace ketwork
