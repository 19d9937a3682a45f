// The rotations of a block, on rows of U and on Pauli strings; all tables are constants.
#pragma once

#include "../stochastic.hpp"
#include "sincos.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class T>
struct SameSize;
template <>
struct SameSize<double> {
    using Number = int64_t;
};
template <>
struct SameSize<float> {
    using Number = int32_t;
};

// Vectors of at most 32 bytes: the matrices of more samples would not stay in the cache.
template <class Scalar>
struct Few {
    using T = Scalar;
    static constexpr int bytes = KETWORK_BYTES < 32 ? KETWORK_BYTES : 32;
    typedef T V __attribute__((vector_size(bytes)));
    typedef typename SameSize<T>::Number I __attribute__((vector_size(bytes)));
    static constexpr int width = bytes / sizeof(T);
};

// --- rows: bit 0 of a local number is d, bit 1 is r, bit 2 is s ----------------------------------

// The rotations are cos + sin G. G of a Y is -iY; of X on r -iX turned by W: iZY on (r, s), and so
// on. Its only entry of column l is in row l ^ mask.
template <bool y>
constexpr int row_mask(int turn) {
    return turn == turn_d ? 1 : turn == turn_r ? (y ? 2 : 4) : turn == turn_xx ? 5 : 6;
}

// G of row l and column l ^ mask.
template <bool y>
constexpr int row_sign(int turn, int l) {
    const int d = l & 1 ? -1 : 1, r = l & 2 ? -1 : 1, s = l & 4 ? -1 : 1;
    return turn == turn_d              ? -d
           : turn == turn_r && y       ? -r
           : turn == turn_r || turn == turn_xx ? r * s
                                       : -d * s;
}

// x becomes x + t G x.
template <class L, bool y, int turn, int l = 0>
[[gnu::always_inline]] inline void shear(typename L::V (&x)[8], typename L::V t) {
    if constexpr (l < 8) {
        constexpr int other = l ^ row_mask<y>(turn);
        if constexpr (other > l) {
            const typename L::V before = x[l];
            if constexpr (row_sign<y>(turn, l) > 0)
                x[l] += t * x[other];
            else
                x[l] -= t * x[other];
            if constexpr (row_sign<y>(turn, other) > 0)
                x[other] += t * before;
            else
                x[other] -= t * before;
        }
        shear<L, y, turn, l + 1>(x, t);
    }
}

// --- strings: letters I, X, Y, Z are 0, 1, 2, 3; of a pair, that of d + 4 times that of r --------

// Strings that differ only on a pair. Where the rest has an even number of odd letters they are
// the ten of `even_rest`; otherwise five, and the identity, which no rotation changes.
constexpr int even_rest[10] = {2, 4, 8, 12, 5, 9, 13, 7, 11, 15};
constexpr int odd_rest[5] = {1, 3, 6, 10, 14};

template <int count>
constexpr int letters(int k) {
    return count == 10 ? even_rest[k] : odd_rest[k];
}

template <bool y>
constexpr int rotation_letters(int turn) {
    return turn == turn_d ? 2 : turn == turn_r ? (y ? 8 : 4) : turn == turn_xx ? 5 : 15;
}

// P Q = i^phase R for two letters.
constexpr int phase(int p, int q) { return !p || !q || p == q ? 0 : (q - p + 3) % 3 == 1 ? 1 : -1; }

// 1 or -1 where P Q is i R or -i R, 0 where the strings commute.
constexpr int string_sign(int p, int q) {
    const int total = phase(p & 3, q & 3) + phase(p >> 2, q >> 2);
    return total == 1 || total == -1 ? total : 0;
}

template <int count>
constexpr int number_of(int wanted) {
    for (int k = 0; k < count; ++k)
        if (letters<count>(k) == wanted) return k;
    return -1;
}

// The coefficients of strings, by exp(i angle P / 2) on both sides: a_Q becomes
// cos a_Q + sin e a_R where P Q = i e R.
template <class L, bool y, int turn, int count, int k = 0>
[[gnu::always_inline]] inline void undo(typename L::V (&a)[count], typename L::V c,
                                        typename L::V s) {
    if constexpr (k < count) {
        constexpr int p = rotation_letters<y>(turn), q = letters<count>(k);
        constexpr int sign = string_sign(p, q);
        if constexpr (sign != 0) {
            constexpr int other = number_of<count>(p ^ q);
            static_assert(other >= 0);
            if constexpr (other > k) {
                const typename L::V before = a[k];
                if constexpr (sign > 0) {
                    a[k] = c * before + s * a[other];
                    a[other] = c * a[other] - s * before;
                } else {
                    a[k] = c * before - s * a[other];
                    a[other] = c * a[other] + s * before;
                }
            }
        }
        undo<L, y, turn, count, k + 1>(a, c, s);
    }
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
