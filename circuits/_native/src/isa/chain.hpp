// A 2 x 2 matrix on one qubit, with any controls or with CNOTs before and after it: forward, and
// undone together with the overlaps.
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

// Where the two rows of a pair are read and written: a CNOT before or after the matrix that is on
// for the pair exchanges them.
struct Place {
    int64_t a, b, to_a, to_b;
};

inline Place place(int64_t a, int bit, int64_t before, int64_t after) {
    const int64_t step = int64_t{1} << bit;
    const int64_t x = int64_t{parity(a & before)} << bit, y = int64_t{parity(a & after)} << bit;
    return {a ^ x, a ^ step ^ x, a ^ y, a ^ step ^ y};
}

template <class L>
inline void apply_pair(Row<L>* rows, const Place& at, const Matrix<L>& u) {
    const auto ar = rows[at.a].r, ai = rows[at.a].i, br = rows[at.b].r, bi = rows[at.b].i;
    rows[at.to_a].r = u.m[0] * ar - u.m[1] * ai + u.m[2] * br - u.m[3] * bi;
    rows[at.to_a].i = u.m[0] * ai + u.m[1] * ar + u.m[2] * bi + u.m[3] * br;
    rows[at.to_b].r = u.m[4] * ar - u.m[5] * ai + u.m[6] * br - u.m[7] * bi;
    rows[at.to_b].i = u.m[4] * ai + u.m[5] * ar + u.m[6] * bi + u.m[7] * br;
}

// CNOTs whose controls are in the lanes: other columns or rows of the matrix there.
template <class L>
Matrix<L> flipped_in_lanes(Matrix<L> u, int64_t before, int64_t after) {
    const auto columns = lane_odd<L>(before & L::lane_bits);
    const auto rows = lane_odd<L>(after & L::lane_bits);
    for (int k = 0; k < 6; k = k == 1 ? 4 : k + 1) {
        const auto left = u.m[k], right = u.m[k + 2];
        u.m[k] = columns ? right : left;
        u.m[k + 2] = columns ? left : right;
    }
    for (int k = 0; k < 4; ++k) {
        const auto top = u.m[k], bottom = u.m[k + 4];
        u.m[k] = rows ? bottom : top;
        u.m[k + 4] = rows ? top : bottom;
    }
    return u;
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
    LaneMatrix<L> out;
    out.mask = int64_t{1} << target;
    const auto one = lane_odd<L>(out.mask);
    out.dr = one ? u.m[6] : u.m[0];
    out.di = one ? u.m[7] : u.m[1];
    out.fr = one ? u.m[4] : u.m[2];
    out.fi = one ? u.m[5] : u.m[3];
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

// The matrices on a qubit within the lanes, without and with CNOTs that rows control: number
// 2 * (parity of those after) + (parity of those before).
template <class L>
struct LaneMatrices {
    LaneMatrix<L> m[4];

    LaneMatrices(const Matrix<L>& u, int target, typename L::V on) {
        const Matrix<L> columns = {{u.m[2], u.m[3], u.m[0], u.m[1], u.m[6], u.m[7], u.m[4], u.m[5]}};
        const Matrix<L> rows = {{u.m[4], u.m[5], u.m[6], u.m[7], u.m[0], u.m[1], u.m[2], u.m[3]}};
        const Matrix<L> both = {{u.m[6], u.m[7], u.m[4], u.m[5], u.m[2], u.m[3], u.m[0], u.m[1]}};
        m[0] = in_lanes<L>(u, target, on);
        m[1] = in_lanes<L>(columns, target, on);
        m[2] = in_lanes<L>(rows, target, on);
        m[3] = in_lanes<L>(both, target, on);
    }
};

template <class L>
void chain(Row<L>* rows, int64_t n_rows, const Step& step, const Matrix<L>& u) {
    const int64_t on = step.controls >> L::lane_qubits;
    const int64_t lane_controls = step.controls & L::lane_bits;
    const int64_t before = step.before >> L::lane_qubits, after = step.after >> L::lane_qubits;
    const auto lanes = lane_on<L>(lane_controls);
    Matrix<L> m = u;
    if ((step.before | step.after) & L::lane_bits)
        m = flipped_in_lanes<L>(u, step.before, step.after);
    if (step.target < L::lane_qubits) {
        const LaneMatrices<L> all(m, step.target, lanes);
        for (int64_t i = 0; i < n_rows; ++i)
            if ((i & on) == on)
                apply_lanes<L>(rows[i], all.m[2 * parity(i & after) + parity(i & before)]);
        return;
    }
    const int bit = step.target - L::lane_qubits;
    if (lane_controls) m = controlled_in_lanes<L>(u, lanes);
    if (before | after)
        pairs(n_rows, bit, 0, [&](int64_t a, int64_t) {
            apply_pair<L>(rows, place(a, bit, before, after), m);
        });
    else
        pairs(n_rows, bit, on, [&](int64_t a, int64_t b) {
            apply_pair<L>(rows, {a, b, a, b}, m);
        });
}

template <class L>
inline void overlap_pair(Overlap<L>& o, const Row<L>* psi, const Row<L>* lam, const Place& at) {
    const auto ar = psi[at.a].r, ai = psi[at.a].i, br = psi[at.b].r, bi = psi[at.b].i;
    const auto lr = lam[at.a].r, li = lam[at.a].i, mr = lam[at.b].r, mi = lam[at.b].i;
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

// Undo a chain on the state and the costate, and add the overlaps behind it to `sum`: those
// between the matrix and the CNOTs after it. Exchanged by a CNOT, Y and Z have the other sign.
template <class L>
void chain_back(Row<L>* psi, Row<L>* lam, int64_t n_rows, const Step& step, const Matrix<L>& u,
                Overlap<L>& sum) {
    using V = typename L::V;
    const int64_t on = step.controls >> L::lane_qubits;
    const int64_t lane_controls = step.controls & L::lane_bits;
    const int64_t before = step.before >> L::lane_qubits, after = step.after >> L::lane_qubits;
    const V lanes = lane_on<L>(lane_controls);
    Matrix<L> m = dagger<L>(u);
    if ((step.before | step.after) & L::lane_bits)
        m = flipped_in_lanes<L>(m, step.after, step.before);
    Overlap<L> o{};
    const int bit = step.target - L::lane_qubits;
    if (bit < 0) {
        const LaneMatrices<L> all(m, step.target, lanes);
        const V sign = lane_sign<L>(all.m[0].mask);
        Overlap<L> exchanged{};
        for (int64_t i = 0; i < n_rows; ++i) {
            if ((i & on) != on) continue;
            const int odd = parity(i & after);
            overlap_lanes<L>(odd ? exchanged : o, psi[i], lam[i], all.m[0].mask, sign);
            apply_lanes<L>(psi[i], all.m[2 * parity(i & before) + odd]);
            apply_lanes<L>(lam[i], all.m[2 * parity(i & before) + odd]);
        }
        o.x += exchanged.x;
        o.y -= exchanged.y;
        o.z -= exchanged.z;
        o.id += exchanged.id;
    } else {
        if (lane_controls) m = controlled_in_lanes<L>(m, lanes);
        const auto undo = [&](const Place& at) {
            overlap_pair<L>(o, psi, lam, at);
            apply_pair<L>(psi, at, m);
            apply_pair<L>(lam, at, m);
        };
        if (before | after)
            pairs(n_rows, bit, 0, [&](int64_t a, int64_t) { undo(place(a, bit, after, before)); });
        else
            pairs(n_rows, bit, on, [&](int64_t a, int64_t b) { undo({a, b, a, b}); });
    }
    const V exchanges = lanes * lane_sign<L>(step.after & L::lane_bits);
    sum.x += o.x * lanes;
    sum.y += o.y * exchanges;
    sum.z += o.z * exchanges;
    sum.id += o.id * lanes;
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
