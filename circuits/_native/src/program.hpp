// The compiled program: what a circuit does to a state, in as few passes as possible.
//
// A circuit arrives as a flat table of primitives, one row each. Building looks at structure only;
// numbers (angles, constants, matrices) are read when the program runs.
#pragma once

#include <cstdint>
#include <vector>

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

// One row of the table: kind, controls (mask), first, second, slot of the angle, offset of data.
// pauli: first, second are the X and Z masks; dense: first packs targets, 6 bits each, and second
// is their number.
struct Primitive {
    Kind kind;
    int64_t controls, first, second, slot, data;
};

struct Element {  // one factor of a chain
    Kind kind;
    int32_t slot;
    int32_t data;
};

enum class Pass : int32_t { chain, gather, flip, sign, pauli, dense };

struct Step {
    Pass pass;
    int32_t target = 0;
    int32_t n_elements = 0;
    int32_t first_element = 0;
    int64_t controls = 0;
    int64_t x_mask = 0, z_mask = 0;
    int32_t slot = -1;
    int32_t data = -1;
    int32_t table = -1;
    int32_t chain = -1;  // number of the chain among chains
    bool per_sample = false;
    std::vector<int32_t> targets;  // dense
};

// Steps that run on one cache-sized tile after another: `tile` lists the qubits of the tile.
struct Segment {
    std::vector<int32_t> tile;
    std::vector<int32_t> steps;
};

struct Term {  // value of observable `row` gains coefficient * <P>
    int64_t x_mask, z_mask;
    int32_t row;
    double coefficient;
};

struct AngleTable {
    // angle s = constants[s] + sum over its terms of coefficient * product of values
    std::vector<double> constants;
    std::vector<int32_t> first_term;  // n_angles + 1
    std::vector<double> coefficients;
    std::vector<int32_t> factors;  // n_terms * degree; 0 is the number one
    int32_t degree = 1;
    int64_t size() const { return static_cast<int64_t>(constants.size()); }
};

struct Program {
    int32_t n_qubits = 0;
    int32_t n_inputs = 0, n_weights = 0;
    AngleTable shared, varying;  // slots 0.. are shared, shared.size().. vary with the sample
    std::vector<double> data;    // matrices, re and im interleaved, row-major
    std::vector<Element> elements;
    std::vector<Step> steps;      // with gathers: for batches in lanes
    std::vector<Step> fine_steps;  // without gathers: for tiles
    std::vector<std::vector<int32_t>> tables;          // new[i] = old[table[i]]
    std::vector<std::vector<int32_t>> inverse_tables;
    int32_t n_chains = 0;
    std::vector<Term> terms;
    int32_t n_values = 0;

    bool varies(int32_t slot) const { return slot >= shared.size(); }
};

void build_steps(Program& program, const std::vector<Primitive>& primitives);
std::vector<Segment> make_segments(const Program& program, int32_t lane_qubits, int32_t tile_qubits);

}  // namespace ketwork
