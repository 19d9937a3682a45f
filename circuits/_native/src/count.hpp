// The arithmetic of a program: how much of it there is, for comparison with what a machine can do.
#pragma once

#include <algorithm>

#include "program.hpp"

namespace ketwork {

// Floating-point operations of a step per amplitude that it changes: forward, and undone on state
// and costate together with the overlaps that gradients need.
struct Cost {
    double forward, back;
};

inline Cost cost_of(const Step& step) {
    switch (step.pass) {
        case Pass::chain:  // a 2 x 2 matrix: 28 per pair; overlaps: 26 per pair
            return {14, 28 + 13};
        case Pass::pauli:
            return {8, 16 + 6};
        case Pass::sign:
            return {6, 12};
        case Pass::dense: {
            const double size = static_cast<double>(int64_t{1} << step.n_targets);
            return {8 * size, 16 * size};
        }
        default:  // flips and gathers move numbers
            return {0, 0};
    }
}

// Operations of one sample, forward and back, apart from sines, cosines and products of matrices.
inline double operations_of(const Program& program, bool from_zero) {
    const Schedule& used = program.whole.steps.empty() ? program.fine : program.whole;
    const auto power = [](int64_t k) { return static_cast<double>(int64_t{1} << k); };
    double sum = 0;
    for (const Step& step : used.steps) {
        const int64_t reach = from_zero ? std::min(step.reach, program.n_qubits) : program.n_qubits;
        const Cost cost = cost_of(step);
        const double changed = power(reach) / power(__builtin_popcountll(step.controls));
        sum += (cost.forward + cost.back) * changed;
    }
    double ends = program.outcomes.empty() ? 0 : 3 + 2;
    for (size_t t = 0; t < program.terms.size(); ++t) {
        const bool first = t == 0 || program.terms[t].x_mask != program.terms[t - 1].x_mask;
        ends += 2 + (first ? 6 + 8 : 0);
    }
    return sum + ends * power(program.n_qubits);
}

}  // namespace ketwork
