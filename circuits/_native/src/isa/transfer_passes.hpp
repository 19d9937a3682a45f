// Passes over Pauli vectors. An item is a vector (an entry of many samples, or the four entries of
// qubit 0 of one sample) or a single number; `shift` is the number of bits of an entry's index that
// lie within an item.
#pragma once

#include "transfer_chain.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

// Calls body(b) for each index whose bits under `mask` are 0.
template <class F>
inline void each_base(int64_t size, int64_t mask, F&& body) {
    for (int64_t b = 0; b < size; b = ((b | mask) + 1) & ~mask) body(b);
}

inline int64_t digits_mask(const TransferStep& step, int shift) {
    int64_t mask = 0;
    for (int t = 0; t < step.n_targets; ++t) mask |= int64_t{3} << 2 * step.targets[t];
    return mask >> shift;
}

template <class Item>
void chain_pass(const Item* in, Item* out, int64_t size, int64_t stride, const Item* m) {
    for (int64_t block = 0; block < size; block += 4 * stride) {
        for (int64_t i = block; i < block + stride; ++i) {
            const Item one = in[i], x = in[i + stride], y = in[i + 2 * stride],
                       z = in[i + 3 * stride];
            out[i] = one;
            out[i + stride] = m[0] * one + m[1] * x + m[2] * y + m[3] * z;
            out[i + 2 * stride] = m[4] * one + m[5] * x + m[6] * y + m[7] * z;
            out[i + 3 * stride] = m[8] * one + m[9] * x + m[10] * y + m[11] * z;
        }
    }
}

// The transpose on the costate; `o` gains the derivatives of the entries.
template <class Item, bool learns>
void chain_back(const Item* in, Item* lam, int64_t size, int64_t stride, const Item* m, Item* o) {
    Item sum[12] = {};
    for (int64_t block = 0; block < size; block += 4 * stride) {
        for (int64_t i = block; i < block + stride; ++i) {
            const Item a = lam[i + stride], b = lam[i + 2 * stride], c = lam[i + 3 * stride];
            if (learns) {
                const Item v[4] = {in[i], in[i + stride], in[i + 2 * stride], in[i + 3 * stride]};
                for (int k = 0; k < 4; ++k) {
                    sum[k] += a * v[k];
                    sum[4 + k] += b * v[k];
                    sum[8 + k] += c * v[k];
                }
            }
            lam[i] += m[0] * a + m[4] * b + m[8] * c;
            lam[i + stride] = m[1] * a + m[5] * b + m[9] * c;
            lam[i + 2 * stride] = m[2] * a + m[6] * b + m[10] * c;
            lam[i + 3 * stride] = m[3] * a + m[7] * b + m[11] * c;
        }
    }
    if (learns)
        for (int k = 0; k < 12; ++k) o[k] += sum[k];
}

// A chain on the qubit within the lanes: columns of its matrix times single entries.
template <class L>
void chain_pass_lanes(const typename L::V* in, typename L::V* out, int64_t size,
                      const Affine<L>& a) {
    using V = typename L::V;
    V column[4];
    for (int k = 0; k < 4; ++k)
        column[k] = V{typename L::T(k == 0), a.m[k][0], a.m[4 + k][0], a.m[8 + k][0]};
    for (int64_t i = 0; i < size; ++i) {
        const V v = in[i];
        out[i] = column[0] * v[0] + column[1] * v[1] + column[2] * v[2] + column[3] * v[3];
    }
}

template <class L>
void chain_back_lanes(const typename L::V* in, typename L::V* lam, int64_t size,
                      const Affine<L>& a, Affine<L>& o, bool learns) {
    using V = typename L::V;
    V row[3], sum[3] = {};
    for (int r = 0; r < 3; ++r)
        row[r] = V{a.m[4 * r][0], a.m[4 * r + 1][0], a.m[4 * r + 2][0], a.m[4 * r + 3][0]};
    const V first = {1, 0, 0, 0};
    for (int64_t i = 0; i < size; ++i) {
        const V l = lam[i];
        lam[i] = first * l[0] + row[0] * l[1] + row[1] * l[2] + row[2] * l[3];
        if (!learns) continue;
        for (int r = 0; r < 3; ++r) sum[r] += in[i] * l[r + 1];
    }
    for (int r = 0; r < 3; ++r)
        for (int k = 0; k < 4; ++k) o.m[4 * r + k][0] += sum[r][k];
}

template <class Item, class T>
void permute_pass(const Item* in, Item* out, int64_t size, const TransferStep& step, int shift,
                  const int32_t* table, const double* factors) {
    const int64_t n = step.n_table, mask = digits_mask(step, shift);
    const int32_t *to = table, *from = table + n;
    each_base(size, mask, [&](int64_t b) {
        for (int64_t j = 0; j < n; ++j)
            out[b + (to[j] >> shift)] = in[b + (from[j] >> shift)] * static_cast<T>(factors[j]);
    });
}

template <class Item, class T>
void permute_back(const Item* lam, Item* out, int64_t size, const TransferStep& step, int shift,
                  const int32_t* table, const double* factors) {
    const int64_t n = step.n_table, mask = digits_mask(step, shift);
    const int32_t *to = table, *from = table + n;
    each_base(size, mask, [&](int64_t b) {
        for (int64_t j = 0; j < n; ++j)
            out[b + (from[j] >> shift)] = lam[b + (to[j] >> shift)] * static_cast<T>(factors[j]);
    });
}

template <class Item>
void rotate_pass(const Item* in, Item* out, int64_t size, const TransferStep& step, int shift,
                 const int32_t* table, Item c, Item s) {
    const int64_t n = step.n_table, mask = digits_mask(step, shift);
    std::memcpy(static_cast<void*>(out), in, sizeof(Item) * size);
    each_base(size, mask, [&](int64_t b) {
        for (int64_t j = 0; j < n; ++j) {
            const int64_t first = b + (table[j] >> shift), second = b + (table[n + j] >> shift);
            const Item x = in[first], y = in[second];
            out[first] = c * x + s * y;
            out[second] = c * y - s * x;
        }
    });
}

template <class Item>
Item rotate_back(const Item* in, Item* lam, int64_t size, const TransferStep& step, int shift,
                 const int32_t* table, Item c, Item s) {
    const int64_t n = step.n_table, mask = digits_mask(step, shift);
    Item slope{};
    each_base(size, mask, [&](int64_t b) {
        for (int64_t j = 0; j < n; ++j) {
            const int64_t first = b + (table[j] >> shift), second = b + (table[n + j] >> shift);
            const Item x = in[first], y = in[second], p = lam[first], q = lam[second];
            slope += p * (c * y - s * x) - q * (c * x + s * y);
            lam[first] = c * p - s * q;
            lam[second] = c * q + s * p;
        }
    });
    return slope;
}

// A matrix given by entry(row, column).
template <class Item, class F>
void dense_pass(const Item* in, Item* out, int64_t size, const TransferStep& step, int shift,
                const int32_t* table, F&& entry) {
    const int64_t n = step.n_table, mask = digits_mask(step, shift);
    each_base(size, mask, [&](int64_t b) {
        for (int64_t r = 0; r < n; ++r) {
            Item sum{};
            for (int64_t c = 0; c < n; ++c) sum += entry(r, c) * in[b + (table[c] >> shift)];
            out[b + (table[r] >> shift)] = sum;
        }
    });
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
