// Passes without angles: controlled flips, phases and fixed matrices.
#pragma once

#include "chain.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

// X on the target where all controls are 1.
template <class L>
void flip(Row<L>* rows, int64_t n_rows, const Step& step) {
    const int64_t on = step.controls >> L::lane_qubits;
    const int64_t lane_controls = step.controls & L::lane_bits;
    const auto lanes = lane_on<L>(lane_controls) != 0;
    if (step.target < L::lane_qubits) {
        const int64_t mask = int64_t{1} << step.target;
        for (int64_t i = 0; i < n_rows; ++i) {
            if ((i & on) != on) continue;
            const Row<L> p = rows[i], q = flipped<L>(p, mask);
            rows[i] = {lanes ? q.r : p.r, lanes ? q.i : p.i};
        }
    } else if (lane_controls) {
        pairs(n_rows, step.target - L::lane_qubits, on, [&](int64_t a, int64_t b) {
            const Row<L> p = rows[a], q = rows[b];
            rows[a] = {lanes ? q.r : p.r, lanes ? q.i : p.i};
            rows[b] = {lanes ? p.r : q.r, lanes ? p.i : q.i};
        });
    } else {
        pairs(n_rows, step.target - L::lane_qubits, on, [&](int64_t a, int64_t b) {
            const Row<L> p = rows[a], q = rows[b];
            rows[a] = q;
            rows[b] = p;
        });
    }
}

// A constant factor where all bits of a mask are 1.
template <class L>
void sign(const ProgramView& p, Row<L>* rows, int64_t n_rows, const Step& step, bool back) {
    using T = typename L::T;
    using V = typename L::V;
    const int64_t on = step.controls >> L::lane_qubits;
    const V lanes = lane_on<L>(step.controls & L::lane_bits);
    const T re = p.data[step.data], im = back ? -p.data[step.data + 1] : p.data[step.data + 1];
    const V cr = lanes * (re - 1) + 1, ci = lanes * im;
    for (int64_t i = 0; i < n_rows; ++i) {
        if ((i & on) != on) continue;
        const V r = rows[i].r, s = rows[i].i;
        rows[i] = {cr * r - ci * s, cr * s + ci * r};
    }
}

template <class L>
Row<L> amplitude(const Row<L>* rows, int64_t index) {
    if (L::samples) return rows[index];
    const int l = static_cast<int>(index & L::lane_bits);
    const Row<L>& row = rows[index >> L::lane_qubits];
    return {spread<L>(row.r[l]), spread<L>(row.i[l])};
}

template <class L>
void set_amplitude(Row<L>* rows, int64_t index, const Row<L>& value) {
    if (L::samples) {
        rows[index] = value;
        return;
    }
    const int l = static_cast<int>(index & L::lane_bits);
    rows[index >> L::lane_qubits].r[l] = value.r[0];
    rows[index >> L::lane_qubits].i[l] = value.i[0];
}

// The bits of j at the places of the targets.
inline int64_t scattered(int64_t j, const Step& step) {
    int64_t out = 0;
    for (int32_t k = 0; k < step.n_targets; ++k)
        if (j >> k & 1) out |= int64_t{1} << step.targets[k];
    return out;
}

// A fixed matrix on any qubits, amplitude by amplitude.
template <class L>
void dense(const ProgramView& p, Row<L>* rows, int64_t n_rows, const Step& step, bool back,
           Buffer<Row<L>>& corner) {
    using T = typename L::T;
    using V = typename L::V;
    const int64_t d = int64_t{1} << step.n_targets;
    const double* u = p.data + step.data;
    const int64_t mask = scattered(d - 1, step);
    Row<L>* old = corner.get(d);
    const int64_t amplitudes = n_rows << L::lane_qubits;
    for (int64_t base = 0; base < amplitudes; ++base) {
        if ((base & mask) || (base & step.controls) != step.controls) continue;
        for (int64_t j = 0; j < d; ++j) old[j] = amplitude<L>(rows, base | scattered(j, step));
        for (int64_t i = 0; i < d; ++i) {
            V r{}, s{};
            for (int64_t j = 0; j < d; ++j) {
                const double* entry = u + 2 * (back ? j * d + i : i * d + j);
                const T ur = entry[0], ui = back ? -entry[1] : entry[1];
                r += ur * old[j].r - ui * old[j].i;
                s += ur * old[j].i + ui * old[j].r;
            }
            set_amplitude<L>(rows, base | scattered(i, step), {r, s});
        }
    }
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
