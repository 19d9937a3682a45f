// Backward: what the gradients by all angles come from are the coefficients of Pauli strings.
//
// With D_pq = sum_c (g_ic - g_jc) U_pc U_qc for rows p, q of tokens i, j (g_ic the gradient by P of
// i and the token of c), the gradient by the last angle is <D, G> / 2 for G of that rotation.
// Undoing the rotation turns D, and so on. In the basis of Pauli strings G is one string, and a
// rotation mixes pairs of strings: half the strings, and no matrix.
#pragma once

#include "stochastic_rows.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
struct StringSpace {
    using V = typename L::V;
    Buffer<V> slopes;   // (dim, dim / 2): D of the rows p and p ^ x, for all x
    Buffer<V> strings;  // 4^n
    Buffer<V> weights;  // (tokens, tokens): the gradient by P
    Buffer<V> by_angles;
};

// Sums of U_pc U_qc over the columns c of a token, for `wide` rows q and two rows p.
template <class L, int wide>
[[gnu::always_inline]] inline void products(const typename L::V* matrix, int64_t stride,
                                            const int32_t* columns, int64_t each, const int32_t* p,
                                            const int32_t* q, typename L::V (&sums)[2][wide]) {
    using V = typename L::V;
    for (int k = 0; k < wide; ++k) sums[0][k] = sums[1][k] = spread<L>(0);
    for (int64_t c = 0; c < each; ++c) {
        const V* const entries = matrix + columns[c] * stride;
        const V first = entries[p[0]], second = entries[p[1]];
        for (int k = 0; k < wide; ++k) {
            const V other = entries[q[k]];
            sums[0][k] += first * other;
            sums[1][k] += second * other;
        }
    }
}

template <class L, int wide>
void collect(const StochasticView& view, const typename L::V* matrix,
             const typename L::V* weights, typename L::V* slopes) {
    using V = typename L::V;
    const int64_t dim = int64_t{1} << view.n_qubits, tokens = int64_t{1} << view.n_data;
    const int64_t each = dim / tokens;
    for (int64_t t = 0; t < tokens; ++t) {
        const int32_t* place = view.places;
        for (int64_t i = 0; i < tokens; ++i)
            for (int64_t j = i + 1; j < tokens; ++j, place += each * each) {
                const V difference = weights[i * tokens + t] - weights[j * tokens + t];
                const V signs[2] = {difference, -difference};
                for (int64_t p = 0; p < each; p += 2)
                    for (int64_t q = 0; q < each; q += wide) {
                        V sums[2][wide];
                        products<L, wide>(matrix, dim + 1, view.states + t * each, each,
                                          view.states + i * each + p, view.states + j * each + q,
                                          sums);
                        for (int row = 0; row < 2; ++row)
                            for (int k = 0; k < wide; ++k) {
                                const int32_t at = place[(p + row) * each + q + k];
                                slopes[at >> 1] += signs[at & 1] * sums[row][k];
                            }
                    }
            }
    }
}

// Coefficients of the strings that flip the bits x, from D of p and p ^ x.
template <class L>
void transform(typename L::V* numbers, int64_t count) {
    using V = typename L::V;
    for (int64_t half = 1; half < count; half *= 2)
        for (int64_t base = 0; base < count; base += 2 * half)
            for (int64_t k = base; k < base + half; ++k) {
                const V a = numbers[k], b = numbers[k + half];
                numbers[k] = a + b;
                numbers[k + half] = a - b;
            }
}

template <class L, bool y, int count>
void undo_block(const int32_t* bases, int64_t n, const StochasticPair& pair,
                const typename L::V (&c)[n_turns], const typename L::V (&s)[n_turns],
                typename L::V* strings) {
    using V = typename L::V;
    int64_t at[count];
    for (int k = 0; k < count; ++k)
        at[k] = (letters<count>(k) & 3) * int64_t{pair.d_stride} +
                (letters<count>(k) >> 2) * int64_t{pair.r_stride};
    for (int64_t b = 0; b < n; ++b) {
        V* const base = strings + bases[b];
        V a[count];
#pragma GCC unroll 10
        for (int k = 0; k < count; ++k) a[k] = base[at[k]];
        undo<L, y, turn_zz>(a, c[turn_zz], s[turn_zz]);
        undo<L, y, turn_xx>(a, c[turn_xx], s[turn_xx]);
        undo<L, y, turn_r>(a, c[turn_r], s[turn_r]);
        undo<L, y, turn_d>(a, c[turn_d], s[turn_d]);
#pragma GCC unroll 10
        for (int k = 0; k < count; ++k) base[at[k]] = a[k];
    }
}

// Gradients of a group by all angles.
template <class L, bool y>
void run_strings(const StochasticJob<typename L::T>& job, int64_t group, StringSpace<L>& space) {
    using T = typename L::T;
    using V = typename L::V;
    const StochasticView& p = *job.program;
    const int64_t dim = int64_t{1} << p.n_qubits, tokens = int64_t{1} << p.n_data;
    const int64_t first = group * L::width, each = dim / tokens, half = dim / 2;
    const int64_t n = smaller(L::width, job.batch - first);
    V* const weights = space.weights.zeros(tokens * tokens);
    for (int64_t l = 0; l < n; ++l)
        for (int64_t k = 0; k < tokens * tokens; ++k)
            weights[k][l] = job.gradient[(first + l) * tokens * tokens + k] / static_cast<T>(each);
    const V* const matrix = reinterpret_cast<const V*>(job.matrices) + group * dim * (dim + 1);
    V* const slopes = space.slopes.zeros(dim * half);
    if (each % 8 == 0)
        collect<L, 8>(p, matrix, weights, slopes);
    else
        collect<L, 4>(p, matrix, weights, slopes);
    V* const strings = space.strings.get(dim * dim);
    for (int64_t x = 1; x < dim; ++x) {
        V* const numbers = slopes + x * half;
        transform<L>(numbers, half);
        for (int64_t k = 0; k < half; ++k) {
            const int32_t at = p.strings[x * half + k];
            strings[at >> 1] = at & 1 ? -numbers[k] : numbers[k];
        }
    }
    V* const by_angles = space.by_angles.zeros(p.n_angles);
    for (int32_t b = p.n_blocks; b-- > 0;) {
        const StochasticBlock& block = p.blocks[b];
        const StochasticPair& pair = p.pairs[block.pair];
        V c[n_turns], s[n_turns];
        for (int k = 0; k < n_turns; ++k) {
            const T factor = static_cast<T>(block.factors[k]);
            sine_cosine<L>(factor * angles_of<L>(job, first, block.slots[k]), s[k], c[k]);
        }
        auto read = [&](int turn) {  // a rotation does not change its own string
            const int letters = rotation_letters<y>(turn);
            const int64_t at = (letters & 3) * int64_t{pair.d_stride} +
                               (letters >> 2) * int64_t{pair.r_stride};
            if (block.slots[turn] >= 0)
                by_angles[block.slots[turn]] += static_cast<T>(block.factors[turn]) * strings[at];
        };
        read(turn_xx);
        read(turn_zz);
        undo_block<L, y, 10>(pair.even, pair.n_even, pair, c, s, strings);
        undo_block<L, y, 5>(pair.odd, pair.n_odd, pair, c, s, strings);
        read(turn_d);
        read(turn_r);
    }
    for (int64_t l = 0; l < n; ++l)
        for (int64_t k = 0; k < p.n_angles; ++k)
            job.by_angles[(first + l) * p.n_angles + k] = by_angles[k][l];
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
