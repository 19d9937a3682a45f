// What kernels see of a program: plain data without functions.
//
// The kernels are compiled once per instruction set. A function that is inline in a header that
// they share would exist once in each of these builds, and the linker would keep any one of them,
// perhaps the one that needs AVX-512. So this header has no functions, and what kernels need from
// the rest of the module are ordinary functions that are defined elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ketwork {

enum class Kind : int64_t {
    rx = 0,
    ry = 1,
    rz = 2,
    phase = 3,     // diag(1, e^{i angle})
    constant = 4,  // fixed 2 x 2 matrix
    flip = 5,      // X on the target where all controls are 1
    swap = 6,      // exchange two targets where all controls are 1
    sign = 7,      // multiply by a constant where all bits of a mask are 1
    pauli = 8,     // exp(-i angle P / 2)
    dense = 9,     // fixed matrix on up to 10 targets
};

struct Element {  // one factor of a chain
    Kind kind;
    int32_t slot, data;
};

enum class Pass : int32_t { chain, gather, flip, sign, pauli, dense };

struct Step {
    Pass pass;
    int32_t target;
    int64_t controls;
    int64_t before, after;                // chain: CNOTs from these to the target
    int64_t x_mask, z_mask;               // pauli, with controls
    int32_t first_element, n_elements;    // chain
    int32_t chain;                        // number of the chain among chains
    int32_t slot, data, table;
    int32_t n_targets;                    // dense
    int8_t targets[10];
    bool per_sample;                      // a chain or pauli with an angle that varies
    // From |0...0>, qubits from this one on are still |0> after the step: only amplitudes below
    // 2^reach are to be visited, by the step and when it is undone.
    int32_t reach;
};

struct Steps {
    const Step* data;
    int64_t size;
};

// Steps, in places of the tile, that run on one cache-sized tile after another.
struct Segment {
    int64_t tile;     // mask of the qubits in the tile
    int64_t touched;  // from |0...0>, all other qubits are still |0> after the segment
    Steps steps;
};

struct Segments {
    const Segment* data;
    int64_t size;
};

// Outcomes of the measured qubits as a function of the basis state: byte b of the basis state
// contributes entry 256 * b + its value.
constexpr int outcome_tables = 4;

struct Term {  // value number `row` gains coefficient * <P>; sorted by x_mask
    int64_t x_mask, z_mask;
    int32_t row;
    double coefficient;
};

// Angle a is constants[a] + the sum over its terms of coefficient * product of `degree` values.
// A factor is 0 for the number one, else 1 + the number of a value: inputs (of varying angles
// only), then weights.
struct AngleView {
    int64_t size;
    const double* constants;
    const int32_t* first_term;  // size + 1
    const double* coefficients;
    const int32_t* factors;
    int32_t degree;
};

struct Program;

struct ProgramView {
    int32_t n_qubits, n_inputs, n_weights, n_values, n_chains;
    AngleView shared, varying;  // slots 0.. are shared, shared.size.. vary with the sample
    const double* data;         // matrices, re and im interleaved, row by row
    const Element* elements;
    Steps whole, fine;
    const int32_t* const* tables;  // new[i] = old[table[i]], for `whole`
    const int32_t* const* inverse_tables;
    const Term* terms;
    int64_t n_terms;
    const int32_t* outcomes;  // values are probabilities: see `outcome_tables`; else null
    const int32_t* columns;  // 2^n: amplitudes of the start are these inputs, normalised; -1 is 0
    Program* program;
};

Segments segments_of(const ProgramView& view, int32_t lane_qubits, int32_t tile_qubits);

// Uninitialised memory for vectors, freed by `release`; throws std::bad_alloc.
void* allocate(size_t bytes);
void release(void* memory);

}  // namespace ketwork
