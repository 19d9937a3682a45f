// Building the program of a noisy circuit from a flat table of rows.
#pragma once

#include <vector>

#include "program.hpp"
#include "transfer.hpp"

namespace ketwork {

enum class RowKind : int64_t {
    rx = 0,
    ry = 1,
    rz = 2,
    affine = 3,        // 12 constants: for X, Y, Z what they gain from I, X, Y, Z
    affine_given = 4,
    permute = 5,       // constants: 4^k sources, then 4^k factors
    rotate = 6,        // exp(-i angle P / 2)
    dense = 7,         // 16^k constants, row by row
    dense_given = 8,
    diagonal_given = 9,
    next_op = 10,      // these two only between many circuits, see transfer_many.hpp
    next_circuit = 11,
};

inline bool has_angle(RowKind kind) { return kind <= RowKind::rz || kind == RowKind::rotate; }

// kind; qubits, 5 bits each (rotate: index of P); their number; slot, or offset of given numbers;
// offset of constants.
struct TransferRow {
    RowKind kind;
    int64_t qubits, n_qubits, slot, data;
};

struct TransferProgram {
    int32_t n_qubits = 0, n_chains = 0, n_given = 0;
    Program angles;  // its angle tables only
    std::vector<double> data;
    std::vector<TransferStep> steps;
    std::vector<ChainFactor> factors;
    std::vector<int32_t> tables;
    std::vector<int64_t> entries;
};

// What kernels see of a program, which must stay where it is.
TransferView view_of(const TransferProgram& program);

// Collects rows into steps: chains of one qubit, and permutations of up to `widest` qubits.
class TransferBuilder {
   public:
    TransferBuilder(TransferProgram& program, int widest);
    void add(const TransferRow& row);
    void finish();

   private:
    struct Chain {
        std::vector<ChainFactor> factors;
        double scale = 1;  // of X, Y, Z, behind all factors
    };

    void add_factor(int qubit, ChainFactor factor);
    void add_affine(int qubit, int64_t data);
    void add_permutation(const int8_t* targets, int k, int64_t data);
    void flush_scale(Chain& chain);
    bool in_permutation(int qubit) const;
    void widen(const int8_t* targets, int k);
    void close_chain(int qubit);
    void close_permutation();
    void emit_local(TransferStep step, const TransferRow& row);
    void emit_rotation(const TransferRow& row);
    bool varies(int64_t slot) const;

    TransferProgram& p_;
    const int widest_;
    std::vector<Chain> chains_;
    std::vector<int8_t> support_;
    std::vector<int32_t> source_;
    std::vector<double> coefficient_;
};

}  // namespace ketwork
