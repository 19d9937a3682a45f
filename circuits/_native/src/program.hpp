// The compiled program: what a circuit does to a state, in as few passes as possible.
//
// A circuit arrives as a flat table of primitives, one row each. Building looks at structure only;
// numbers (angles, constants, matrices) are read when the program runs.
#pragma once

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "view.hpp"

namespace ketwork {

// One row of the table: kind, controls (mask), first, second, slot of the angle, offset of data.
// pauli: first, second are the X and Z masks, apart from the controls; dense: first packs targets,
// 6 bits each, and second is their number; all others: first (and second, for swap) are targets.
struct Primitive {
    Kind kind;
    int64_t controls, first, second, slot, data;
};

struct AngleTable {
    std::vector<double> constants;
    std::vector<int32_t> first_term;
    std::vector<double> coefficients;
    std::vector<int32_t> factors;
    int32_t degree = 1;
};

// A sequence of steps, with what they point to.
struct Schedule {
    std::vector<Step> steps;
    std::vector<std::vector<int32_t>> tables, inverse_tables;
};

struct TilePlan {
    std::vector<std::vector<Step>> steps;
    std::vector<Segment> segments;
};

struct Program {
    int32_t n_qubits = 0, n_inputs = 0, n_weights = 0, n_values = 0;
    AngleTable shared, varying;
    std::vector<double> data;
    std::vector<Element> elements;
    Schedule whole;  // with gathers, for whole states that are processed at once
    Schedule fine;   // without gathers, for parts of a state
    int32_t n_chains = 0;
    std::vector<Term> terms;
    std::vector<int32_t> outcomes;  // empty, or the tables for probabilities
    std::vector<int32_t> columns;   // empty, or the input of each amplitude of the start

    // Made at first use, then kept: the segments for a size of lanes and tiles.
    std::mutex mutex;
    std::map<std::pair<int32_t, int32_t>, TilePlan> plans;
};

// Keep one of each angle, and let the primitives point to it.
void merge_equal_angles(Program& program, std::vector<Primitive>& primitives);

// The qubits that a step touches, and those with which it does more than to read them in the
// computational basis.
int64_t mask_of(const Step& step);
int64_t changes_of(const Step& step);

// Set how far steps reach that start from |0...0>; returns the qubits they change, and `touched`.
int64_t set_reach(std::vector<Step>& steps, int64_t touched);

// Fill in the schedules from the primitives.
void build_schedules(Program& program, const std::vector<Primitive>& primitives);

// Cut the fine schedule into segments whose steps fit into a tile.
TilePlan make_plan(const Program& program, int32_t lane_qubits, int32_t tile_qubits);

}  // namespace ketwork
