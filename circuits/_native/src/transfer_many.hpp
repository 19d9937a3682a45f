// Many different circuits without symbols, one after the other in one table of rows.
#pragma once

#include <cstddef>
#include <vector>

#include "transfer_program.hpp"

namespace ketwork {

// Rows begin .. end - 1 of the table, and where the circuit's angles begin.
struct FlatCircuit {
    size_t begin, end;
    int64_t first_angle;
};

// The circuits of a table: each ends with a row `next_circuit`.
std::vector<FlatCircuit> find_circuits(const int64_t* rows, size_t count);

// Fill in a program that has its constants. In a row that turns, the slot is the number of the
// angle among those of its op (-1 for none), and the data what multiplies it; a row `next_op` ends
// an op.
void build_flat(TransferProgram& program, const FlatCircuit& circuit, const int64_t* rows,
                const double* angles, int widest);

}  // namespace ketwork
