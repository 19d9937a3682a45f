// What kernels see of a doubly stochastic circuit: plain data without functions (see view.hpp for
// why).
//
// The circuit's matrix U is real in a basis where pairs (r, s) of qubits are turned together by
// W = exp(-i pi/4 YY); the other qubits d stay as they are. Blocks act on neighbours d and r. They
// consist of rotations by Y on d, X or Y on r, XX, and ZZ, and in the turned basis mix rows of U
// that differ in d, r and s. P_ij is the sum of U_rc^2 over the rows r of token i and the columns
// c of token j, divided by the number of states of a token.
#pragma once

#include <cstdint>

namespace ketwork {

struct StochasticPair {  // neighbours that blocks act on
    int32_t bits[3];     // of d, r and s in the number of a row
    int32_t n_rows, n_even, n_odd;
    int32_t d_stride, r_stride;  // of the digits of d and r in the number of a Pauli string
    const int32_t* rows;         // without these bits
    const int32_t* even;  // Pauli strings with I on both neighbours, and an even number of odd
    const int32_t* odd;   // letters (Y on a d, X, Y and Z on an r); with an odd number
};

enum Turn : int32_t { turn_d = 0, turn_r = 1, turn_xx = 2, turn_zz = 3, n_turns = 4 };

struct StochasticBlock {
    int32_t pair;
    int32_t slots[n_turns];  // of the angles; -1 where there is no rotation
    double factors[n_turns];
};

struct StochasticView {
    int32_t n_qubits, n_data, n_angles, n_blocks;
    bool r_about_y;
    const StochasticPair* pairs;
    const StochasticBlock* blocks;
    const int32_t* tokens;   // (dim): the token of every row
    const int32_t* states;   // (tokens, dim / tokens): the rows of every token
    const int32_t* places;   // (tokens i < j, row p of i, row q of j): see `strings`
    const int32_t* strings;  // (dim, dim / 2): 2 * (number of a Pauli string) + (whether negative)
};

// Samples are processed in groups of `lanes`; matrices are (groups, columns, dim + 1 rows, lanes).
template <class T>
struct StochasticJob {
    const StochasticView* program;
    int64_t batch;
    const T* angles;    // (batch, n_angles)
    const T* gradient;  // (batch, tokens, tokens): backward
    T* matrices;        // forward: the circuits' matrices; backward reads them
    T* values;          // (batch, tokens, tokens): forward
    T* by_angles;       // (batch, n_angles): backward
    int threads;
};

template <class T>
struct StochasticKernels {
    int lanes;
    void (*forward)(const StochasticJob<T>&);
    void (*backward)(const StochasticJob<T>&);
};

}  // namespace ketwork
