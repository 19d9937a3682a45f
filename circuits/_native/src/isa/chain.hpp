// A 2 x 2 matrix on one qubit, with any controls: forward, and undone together with the overlaps.
#pragma once

#include "chain_matrix.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

// body(a, b) for the pairs of rows that differ in one bit and have all bits of `on`.
template <class F>
inline void pairs(int64_t rows, int bit, int64_t on, F&& body) {
    const int64_t step = int64_t{1} << bit;
    for (int64_t high = 0; high < rows; high += 2 * step)
        for (int64_t i = high; i < high + step; ++i)
            if ((i & on) == on) body(i, i + step);
}

template <class L>
inline void apply_pair(Row<L>* rows, int64_t a, int64_t b, const Matrix<L>& u) {
    const auto ar = rows[a].r, ai = rows[a].i, br = rows[b].r, bi = rows[b].i;
    rows[a].r = u.m[0] * ar - u.m[1] * ai + u.m[2] * br - u.m[3] * bi;
    rows[a].i = u.m[0] * ai + u.m[1] * ar + u.m[2] * bi + u.m[3] * br;
    rows[b].r = u.m[4] * ar - u.m[5] * ai + u.m[6] * br - u.m[7] * bi;
    rows[b].i = u.m[4] * ai + u.m[5] * ar + u.m[6] * bi + u.m[7] * br;
}

// Lanes whose controls are off keep their amplitudes: the identity there.
template <class L>
Matrix<L> controlled_in_lanes(const Matrix<L>& u, typename L::V on) {
    Matrix<L> out;
    for (int k = 0; k < 8; ++k) out.m[k] = u.m[k] * on;
    out.m[0] += 1 - on;
    out.m[6] += 1 - on;
    return out;
}

// A matrix on a qubit within the lanes: out = (dr + i di) v + (fr + i fi) flipped(v).
template <class L>
struct LaneMatrix {
    typename L::V dr, di, fr, fi;
    int64_t mask;
};

template <class L>
LaneMatrix<L> in_lanes(const Matrix<L>& u, int target, typename L::V on) {
    LaneMatrix<L> out{};
    out.mask = int64_t{1} << target;
    for (int l = 0; l < L::width; ++l) {
        const bool one = l >> target & 1;
        out.dr[l] = one ? u.m[6][l] : u.m[0][l];
        out.di[l] = one ? u.m[7][l] : u.m[1][l];
        out.fr[l] = one ? u.m[4][l] : u.m[2][l];
        out.fi[l] = one ? u.m[5][l] : u.m[3][l];
    }
    out.dr = out.dr * on + (1 - on);
    out.di *= on;
    out.fr *= on;
    out.fi *= on;
    return out;
}

template <class L>
inline void apply_lanes(Row<L>& row, const LaneMatrix<L>& u) {
    const Row<L> v = row, w = flipped<L>(row, u.mask);
    row.r = u.dr * v.r - u.di * v.i + u.fr * w.r - u.fi * w.i;
    row.i = u.dr * v.i + u.di * v.r + u.fr * w.i + u.fi * w.r;
}

template <class L>
void chain(Row<L>* rows, int64_t n_rows, const Step& step, const Matrix<L>& u) {
    const int64_t on = step.controls >> L::lane_qubits;
    const int64_t lane_controls = step.controls & L::lane_bits;
    if (step.target >= L::lane_qubits) {
        const Matrix<L> m =
            lane_controls ? controlled_in_lanes<L>(u, lane_on<L>(lane_controls)) : u;
        pairs(n_rows, step.target - L::lane_qubits, on,
              [&](int64_t a, int64_t b) { apply_pair<L>(rows, a, b, m); });
    } else {
        const LaneMatrix<L> m = in_lanes<L>(u, step.target, lane_on<L>(lane_controls));
        for (int64_t i = 0; i < n_rows; ++i)
            if ((i & on) == on) apply_lanes<L>(rows[i], m);
    }
}

template <class L>
inline void overlap_pair(Overlap<L>& o, const Row<L>* psi, const Row<L>* lam, int64_t a,
                         int64_t b) {
    const auto ar = psi[a].r, ai = psi[a].i, br = psi[b].r, bi = psi[b].i;
    const auto lr = lam[a].r, li = lam[a].i, mr = lam[b].r, mi = lam[b].i;
    o.x += lr * bi - li * br + mr * ai - mi * ar;
    o.y += mr * ar + mi * ai - lr * br - li * bi;
    const auto top = lr * ai - li * ar, bottom = mr * bi - mi * br;
    o.z += top - bottom;
    o.id += top + bottom;
}

template <class L>
inline void overlap_lanes(Overlap<L>& o, const Row<L>& psi, const Row<L>& lam, int64_t mask,
                          typename L::V sign) {
    const Row<L> other = flipped<L>(psi, mask);
    o.x += lam.r * other.i - lam.i * other.r;
    o.y -= sign * (lam.r * other.r + lam.i * other.i);
    const auto same = lam.r * psi.i - lam.i * psi.r;
    o.z += sign * same;
    o.id += same;
}

// Undo a chain on the state and the costate, and add the overlaps behind it to `sum`.
template <class L>
void chain_back(Row<L>* psi, Row<L>* lam, int64_t n_rows, const Step& step, const Matrix<L>& u,
                Overlap<L>& sum) {
    using V = typename L::V;
    const int64_t on = step.controls >> L::lane_qubits;
    const int64_t lane_controls = step.controls & L::lane_bits;
    const V lanes = lane_on<L>(lane_controls);
    const Matrix<L> back = dagger<L>(u);
    Overlap<L> o{};
    if (step.target >= L::lane_qubits) {
        const Matrix<L> m = lane_controls ? controlled_in_lanes<L>(back, lanes) : back;
        pairs(n_rows, step.target - L::lane_qubits, on, [&](int64_t a, int64_t b) {
            overlap_pair<L>(o, psi, lam, a, b);
            apply_pair<L>(psi, a, b, m);
            apply_pair<L>(lam, a, b, m);
        });
    } else {
        const LaneMatrix<L> m = in_lanes<L>(back, step.target, lanes);
        const V sign = lane_sign<L>(m.mask);
        for (int64_t i = 0; i < n_rows; ++i) {
            if ((i & on) != on) continue;
            overlap_lanes<L>(o, psi[i], lam[i], m.mask, sign);
            apply_lanes<L>(psi[i], m);
            apply_lanes<L>(lam[i], m);
        }
    }
    sum.x += o.x * lanes;
    sum.y += o.y * lanes;
    sum.z += o.z * lanes;
    sum.id += o.id * lanes;
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
