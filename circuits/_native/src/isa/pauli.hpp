// Rotations about Pauli strings, exp(-i angle P / 2), and expectation values of Pauli strings.
#pragma once

#include "angles.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

// Row i of P |psi>: i^m (-1)^{|j & z|} psi_j with j = i ^ x and m the number of Ys.
template <class L>
Row<L> turned(const Row<L>* rows, int64_t i, int64_t x_mask, int64_t z_mask,
              typename L::V lane_signs) {
    using T = typename L::T;
    const int64_t source = i ^ x_mask >> L::lane_qubits, x_lane = x_mask & L::lane_bits;
    const auto factor =
        lane_signs * (parity(source & z_mask >> L::lane_qubits) ? T(-1) : T(1));
    Row<L> row = {rows[source].r * factor, rows[source].i * factor};
    if (x_lane) row = flipped<L>(row, x_lane);
    switch (__builtin_popcountll(x_mask & z_mask) & 3) {
        case 1:
            return {-row.i, row.r};
        case 2:
            return {-row.r, -row.i};
        case 3:
            return {row.i, -row.r};
        default:
            return row;
    }
}

// psi -> c psi - i s P psi where all controls are 1.
template <class L>
void pauli(Row<L>* rows, int64_t n_rows, const Step& step, typename L::V c, typename L::V s) {
    const auto signs = lane_sign<L>(step.z_mask & L::lane_bits);
    const int64_t x_row = step.x_mask >> L::lane_qubits;
    const int64_t on = step.controls >> L::lane_qubits;
    if (step.controls & L::lane_bits) {
        const auto lanes = lane_on<L>(step.controls & L::lane_bits);
        c = c * lanes + (1 - lanes);
        s *= lanes;
    }
    for (int64_t i = 0; i < n_rows; ++i) {
        const int64_t j = i ^ x_row;
        if (j < i || (i & on) != on) continue;
        const Row<L> p = rows[i], q = rows[j];
        const Row<L> pi = turned<L>(rows, i, step.x_mask, step.z_mask, signs);
        const Row<L> pj = turned<L>(rows, j, step.x_mask, step.z_mask, signs);
        rows[i] = {c * p.r + s * pi.i, c * p.i - s * pi.r};
        if (j != i) rows[j] = {c * q.r + s * pj.i, c * q.i - s * pj.r};
    }
}

// Im <lambda|P|psi> over the amplitudes whose controls are all 1.
template <class L>
typename L::V pauli_overlap(const Row<L>* psi, const Row<L>* lam, int64_t n_rows,
                            const Step& step) {
    const auto signs = lane_sign<L>(step.z_mask & L::lane_bits);
    const int64_t on = step.controls >> L::lane_qubits;
    typename L::V sum{};
    for (int64_t i = 0; i < n_rows; ++i) {
        if ((i & on) != on) continue;
        const Row<L> t = turned<L>(psi, i, step.x_mask, step.z_mask, signs);
        sum += lam[i].r * t.i - lam[i].i * t.r;
    }
    return sum * lane_on<L>(step.controls & L::lane_bits);
}

// The terms begin .. end - 1 have one X mask: they share one product of amplitudes per row.
inline int64_t same_x_mask(const ProgramView& p, int64_t begin) {
    int64_t end = begin;
    while (end < p.n_terms && p.terms[end].x_mask == p.terms[begin].x_mask) ++end;
    return end;
}

// Add the part of rows first .. last - 1 to <P> of each term; signs of lanes are left to the end.
template <class L>
void measure(const ProgramView& p, const Row<L>* rows, int64_t first, int64_t last,
             typename L::V* sums) {
    using V = typename L::V;
    for (int64_t begin = 0, end; begin < p.n_terms; begin = end) {
        end = same_x_mask(p, begin);
        const int64_t x_mask = p.terms[begin].x_mask;
        for (int64_t j = first; j < last; ++j) {
            const Row<L> here = rows[j];
            Row<L> other = rows[j ^ x_mask >> L::lane_qubits];
            if (x_mask & L::lane_bits) other = flipped<L>(other, x_mask & L::lane_bits);
            const V re = other.r * here.r + other.i * here.i;
            const V im = other.r * here.i - other.i * here.r;
            for (int64_t t = begin; t < end; ++t) {
                const int64_t z_mask = p.terms[t].z_mask;
                const int m = __builtin_popcountll(x_mask & z_mask) & 3;
                const bool minus = (m == 1 || m == 2) != parity(j & z_mask >> L::lane_qubits);
                const V part = m & 1 ? im : re;
                sums[t] = minus ? sums[t] - part : sums[t] + part;
            }
        }
    }
}

// Rows first .. last - 1 of lambda = sum of weight * P |psi> over the terms.
template <class L>
void cotangent(const ProgramView& p, const Row<L>* psi, Row<L>* lam, int64_t first, int64_t last,
               const typename L::V* weights) {
    using V = typename L::V;
    for (int64_t i = first; i < last; ++i) lam[i] = Row<L>{};
    for (int64_t begin = 0, end; begin < p.n_terms; begin = end) {
        end = same_x_mask(p, begin);
        const int64_t x_mask = p.terms[begin].x_mask, x_lane = x_mask & L::lane_bits;
        for (int64_t i = first; i < last; ++i) {
            const int64_t source = i ^ x_mask >> L::lane_qubits;
            V re{}, im{};
            for (int64_t t = begin; t < end; ++t) {
                const int64_t z_mask = p.terms[t].z_mask;
                const int m = __builtin_popcountll(x_mask & z_mask) & 3;
                const bool minus = (m >= 2) != parity(source & z_mask >> L::lane_qubits);
                const V weight = minus ? -weights[t] : weights[t];
                if (m & 1)
                    im += weight;
                else
                    re += weight;
            }
            const Row<L> q = psi[source];
            Row<L> product = {re * q.r - im * q.i, re * q.i + im * q.r};
            if (x_lane) product = flipped<L>(product, x_lane);
            lam[i].r += product.r;
            lam[i].i += product.i;
        }
    }
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
