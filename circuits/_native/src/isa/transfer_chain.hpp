// A chain as an affine map of (X, Y, Z) of one qubit, and the derivatives of what it is made of.
#pragma once

#include "../transfer.hpp"
#include "workspace.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

// How Pauli vectors of single samples lie in vectors: the four lanes are the digit of qubit 0.
template <class T>
struct Quad;
template <>
struct Quad<double> {
    typedef double V __attribute__((vector_size(32)));
    typedef int64_t I __attribute__((vector_size(32)));
};
template <>
struct Quad<float> {
    typedef float V __attribute__((vector_size(16)));
    typedef int32_t I __attribute__((vector_size(16)));
};

template <class Scalar>
struct Digits {
    using T = Scalar;
    using V = typename Quad<T>::V;
    using I = typename Quad<T>::I;
    static constexpr int width = 4;
    static constexpr int lane_qubits = 1;
    static constexpr bool samples = false;
    static constexpr int group = 1;
};

// Entry 4 r + c is what the r-th of X, Y, Z gains from the c-th of I, X, Y, Z.
template <class L>
struct Affine {
    typename L::V m[12];
};

// The full angle of a slot.
template <class V>
struct Turn {
    V c, s;
};

template <class L>
Turn<typename L::V> turn(const Half<L>& half) {
    return {half.c * half.c - half.s * half.s, 2 * half.c * half.s};
}

struct Axes {
    int from, to;  // rows: to' = c to + s from, from' = c from - s to
};

// A rotation about X turns Y to Z, about Y turns Z to X, about Z turns X to Y.
inline Axes axes_of(FactorKind kind) {
    return kind == FactorKind::rx ? Axes{1, 2} : kind == FactorKind::ry ? Axes{2, 0} : Axes{0, 1};
}

// a <- E a for a rotation; with -s its transpose.
template <class V>
void rotate_rows(V* a, Axes axes, V c, V s) {
    for (int k = 0; k < 4; ++k) {
        const V from = a[4 * axes.from + k], to = a[4 * axes.to + k];
        a[4 * axes.to + k] = c * to + s * from;
        a[4 * axes.from + k] = c * from - s * to;
    }
}

// a <- E a for an affine map E given by 12 numbers of any type.
template <class V, class E>
void affine_rows(V* a, const E* e) {
    for (int k = 0; k < 4; ++k) {
        const V x = a[k], y = a[4 + k], z = a[8 + k];
        for (int r = 0; r < 3; ++r) {
            V sum = e[4 * r + 1] * x + e[4 * r + 2] * y + e[4 * r + 3] * z;
            if (k == 0) sum += e[4 * r];
            a[4 * r + k] = sum;
        }
    }
}

// o <- E^T o: what the derivative by the map after E says about the map before it.
template <class V, class E>
void affine_rows_back(V* o, const E* e) {
    for (int k = 0; k < 4; ++k) {
        const V x = o[k], y = o[4 + k], z = o[8 + k];
        for (int r = 0; r < 3; ++r) o[4 * r + k] = e[1 + r] * x + e[5 + r] * y + e[9 + r] * z;
    }
}

template <class L>
void constants_of(const TransferView& p, int32_t at, typename L::T* out) {
    for (int k = 0; k < 12; ++k) out[k] = static_cast<typename L::T>(p.data[at + k]);
}

// The product of a chain's factors; `prefixes`, if given, gains the product after each factor.
template <class L>
Affine<L> chain_affine(const TransferView& p, const TransferStep& step, const Half<L>* halves,
                       const typename L::V* given, Affine<L>* prefixes) {
    Affine<L> a{};
    a.m[1] += 1;
    a.m[6] += 1;
    a.m[11] += 1;
    for (int32_t f = 0; f < step.n_factors; ++f) {
        const ChainFactor& factor = p.factors[step.first_factor + f];
        if (factor.kind == FactorKind::constant) {
            typename L::T e[12];
            constants_of<L>(p, factor.at, e);
            affine_rows(a.m, e);
        } else if (factor.kind == FactorKind::given) {
            affine_rows(a.m, given + factor.at);
        } else {
            const auto t = turn<L>(halves[factor.at]);
            rotate_rows(a.m, axes_of(factor.kind), t.c, t.s);
        }
        if (prefixes) prefixes[f] = a;
    }
    return a;
}

// Add the derivatives of a chain's angles and given numbers, from those `o` of its entries.
template <class L>
void chain_learn(const TransferView& p, const TransferStep& step, Affine<L> o,
                 const Half<L>* halves, const typename L::V* given, Affine<L>* prefixes,
                 typename L::V* slopes, typename L::V* by_given) {
    using V = typename L::V;
    chain_affine<L>(p, step, halves, given, prefixes);
    for (int32_t f = step.n_factors - 1; f >= 0; --f) {
        const ChainFactor& factor = p.factors[step.first_factor + f];
        if (factor.kind == FactorKind::constant) {
            typename L::T e[12];
            constants_of<L>(p, factor.at, e);
            affine_rows_back(o.m, e);
        } else if (factor.kind == FactorKind::given) {
            V* sink = by_given + factor.at;
            for (int r = 0; r < 3; ++r) {
                sink[4 * r] += o.m[4 * r];
                for (int c = 0; c < 3; ++c) {
                    if (f == 0) {
                        sink[4 * r + 1 + c] += o.m[4 * r + 1 + c];
                        continue;
                    }
                    const V* before = prefixes[f - 1].m + 4 * c;
                    for (int k = 0; k < 4; ++k) sink[4 * r + 1 + c] += o.m[4 * r + k] * before[k];
                }
            }
            affine_rows_back(o.m, given + factor.at);
        } else {
            const Axes axes = axes_of(factor.kind);
            const V* after = prefixes[f].m;
            V slope{};
            for (int k = 0; k < 4; ++k)
                slope += o.m[4 * axes.to + k] * after[4 * axes.from + k] -
                         o.m[4 * axes.from + k] * after[4 * axes.to + k];
            slopes[factor.at] += slope;
            const auto t = turn<L>(halves[factor.at]);
            rotate_rows(o.m, axes, t.c, -t.s);
        }
    }
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
