// Forward: the columns of U, a few at a time through the whole circuit, so that they stay in the
// fastest cache.
//
// A rotation is cos (1 + tan G): the cosines of all rotations are common factors of a sample's
// matrix, which are put in at the end, or before they get so small that the rest overflows.
#pragma once

#include "stochastic_algebra.hpp"
#include "workspace.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

constexpr int64_t columns_together = 2;

template <class T>
struct Smallest;
template <>
struct Smallest<double> {
    static constexpr double cosine = 1e-40, product = 1e-120;
};
template <>
struct Smallest<float> {
    static constexpr float cosine = 1e-9f, product = 1e-20f;
};

template <class L>
struct Shears {  // of a block
    typename L::V tangents[n_turns];
    typename L::V factor;  // all entries are multiplied by it before
    bool has_factor;
};

// The angles of one slot and sample per lane; lanes without a sample have zero.
template <class L>
typename L::V angles_of(const StochasticJob<typename L::T>& job, int64_t first, int64_t slot) {
    typename L::V found = spread<L>(0);
    const int64_t n = smaller(L::width, job.batch - first);
    if (slot >= 0)
        for (int64_t l = 0; l < n; ++l)
            found[l] = job.angles[(first + l) * job.program->n_angles + slot];
    return found;
}

// The shears of all blocks; returns the factor that is left for the end.
template <class L>
typename L::V prepare(const StochasticJob<typename L::T>& job, int64_t first, Shears<L>* shears) {
    using T = typename L::T;
    using V = typename L::V;
    const StochasticView& p = *job.program;
    V product = spread<L>(1);
    for (int32_t b = 0; b < p.n_blocks; ++b) {
        const StochasticBlock& block = p.blocks[b];
        Shears<L>& made = shears[b];
        V cosines = spread<L>(1);
        for (int k = 0; k < n_turns; ++k) {
            const T factor = static_cast<T>(block.factors[k] / 2);
            V s, c;
            sine_cosine<L>(factor * angles_of<L>(job, first, block.slots[k]), s, c);
            const auto small = c < Smallest<T>::cosine && c > -Smallest<T>::cosine;
            c = small ? spread<L>(Smallest<T>::cosine) : c;
            made.tangents[k] = s / c;
            cosines *= c;
        }
        const V next = product * cosines;
        made.has_factor = false;
        for (int l = 0; l < L::width; ++l)
            made.has_factor |= next[l] < Smallest<T>::product && next[l] > -Smallest<T>::product;
        made.factor = product;
        product = made.has_factor ? cosines : next;
    }
    return product;
}

template <class L, bool y, bool scaled>
void apply(const StochasticPair& pair, const Shears<L>& shears, typename L::V* column) {
    using V = typename L::V;
    const V d = shears.tangents[turn_d], r = shears.tangents[turn_r];
    const V xx = shears.tangents[turn_xx], zz = shears.tangents[turn_zz];
    int64_t at[8];
    for (int l = 0; l < 8; ++l)
        at[l] = (l & 1 ? pair.bits[0] : 0) + (l & 2 ? pair.bits[1] : 0) + (l & 4 ? pair.bits[2] : 0);
    for (int32_t k = 0; k < pair.n_rows; ++k) {
        V* const base = column + pair.rows[k];
        V x[8] = {base[at[0]], base[at[1]], base[at[2]], base[at[3]],
                  base[at[4]], base[at[5]], base[at[6]], base[at[7]]};
        if constexpr (scaled) {
            x[0] *= shears.factor, x[1] *= shears.factor, x[2] *= shears.factor;
            x[3] *= shears.factor, x[4] *= shears.factor, x[5] *= shears.factor;
            x[6] *= shears.factor, x[7] *= shears.factor;
        }
        shear<L, y, turn_d>(x, d);
        shear<L, y, turn_r>(x, r);
        shear<L, y, turn_xx>(x, xx);
        shear<L, y, turn_zz>(x, zz);
        base[at[0]] = x[0], base[at[1]] = x[1], base[at[2]] = x[2], base[at[3]] = x[3];
        base[at[4]] = x[4], base[at[5]] = x[5], base[at[6]] = x[6], base[at[7]] = x[7];
    }
}

// The matrices of a group of samples, and their doubly stochastic matrices.
template <class L, bool y>
void run_rows(const StochasticJob<typename L::T>& job, int64_t group, Buffer<Shears<L>>& space,
              Buffer<typename L::V>& sums) {
    using T = typename L::T;
    using V = typename L::V;
    const StochasticView& p = *job.program;
    const int64_t dim = int64_t{1} << p.n_qubits, tokens = int64_t{1} << p.n_data;
    const int64_t first = group * L::width, each = dim / tokens;
    Shears<L>* const shears = space.get(p.n_blocks);
    const V last = prepare<L>(job, first, shears);
    V* const matrix = reinterpret_cast<V*>(job.matrices) + group * dim * (dim + 1);
    V* const found = sums.zeros(tokens * tokens);
    for (int64_t column = 0; column < dim; column += columns_together) {
        for (int64_t c = column; c < column + columns_together; ++c) {
            V* const entries = matrix + c * (dim + 1);
            std::memset(static_cast<void*>(entries), 0, sizeof(V) * (dim + 1));
            entries[c] = spread<L>(1);
        }
        for (int32_t b = 0; b < p.n_blocks; ++b) {
            const StochasticPair& pair = p.pairs[p.blocks[b].pair];
            for (int64_t c = column; c < column + columns_together; ++c) {
                V* const entries = matrix + c * (dim + 1);
                if (shears[b].has_factor)
                    apply<L, y, true>(pair, shears[b], entries);
                else
                    apply<L, y, false>(pair, shears[b], entries);
            }
        }
        for (int64_t c = column; c < column + columns_together; ++c) {
            V* const entries = matrix + c * (dim + 1);
            V* const row = found + p.tokens[c];
            for (int64_t i = 0; i < tokens; ++i) {
                V sum = spread<L>(0);
                for (int64_t k = 0; k < each; ++k) {
                    V& entry = entries[p.states[i * each + k]];
                    entry *= last;
                    sum += entry * entry;
                }
                row[i * tokens] += sum;
            }
        }
    }
    const T scale = T(1) / static_cast<T>(each);
    const int64_t n = smaller(L::width, job.batch - first);
    for (int64_t l = 0; l < n; ++l)
        for (int64_t k = 0; k < tokens * tokens; ++k)
            job.values[(first + l) * tokens * tokens + k] = scale * found[k][l];
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
