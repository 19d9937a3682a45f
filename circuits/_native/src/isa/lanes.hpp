// Vectors: what a lane holds, and the few operations on lanes that C has no operator for.
#pragma once

#include <cstdint>
#include <cstring>

#include "../pool.hpp"
#include "../view.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class T>
struct Vector;
template <>
struct Vector<double> {
    typedef double V __attribute__((vector_size(KETWORK_BYTES)));
    typedef int64_t I __attribute__((vector_size(KETWORK_BYTES)));
};
template <>
struct Vector<float> {
    typedef float V __attribute__((vector_size(KETWORK_BYTES)));
    typedef int32_t I __attribute__((vector_size(KETWORK_BYTES)));
};

// How states lie in vectors. With lane_qubits = 0 a lane is a sample: row i holds amplitude i of
// `width` samples. Otherwise the lanes are the lowest qubits of one sample.
template <class Scalar, int LaneQubits>
struct Layout {
    using T = Scalar;
    using V = typename Vector<T>::V;
    using I = typename Vector<T>::I;
    static constexpr int width = KETWORK_BYTES / sizeof(T);
    static constexpr int lane_qubits = LaneQubits;
    static constexpr bool samples = LaneQubits == 0;
    static constexpr int64_t lane_bits = (int64_t{1} << LaneQubits) - 1;
    static constexpr int group = samples ? width : 1;  // samples that are processed together
};

template <class L>
struct Row {
    typename L::V r, i;
};

inline int parity(int64_t bits) { return __builtin_popcountll(static_cast<uint64_t>(bits)) & 1; }

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

template <class L>
typename L::V spread(typename L::T value) {
    return typename L::V{} + value;
}

template <class L>
typename L::T total(typename L::V v) {
    typename L::T sum = 0;
    for (int l = 0; l < L::width; ++l) sum += v[l];
    return sum;
}

template <class L>
typename L::I lane_numbers() {
    typename L::I numbers;
    for (int l = 0; l < L::width; ++l) numbers[l] = l;
    return numbers;
}

#ifdef __clang__
template <int... lanes>
struct Numbers {};
template <int count, int... lanes>
struct Count : Count<count - 1, count - 1, lanes...> {};
template <int... lanes>
struct Count<0, lanes...> {
    using All = Numbers<lanes...>;
};

template <int bit, class V, int... lanes>
V exchange(V v, Numbers<lanes...>) {
    return __builtin_shufflevector(v, v, lanes ^ bit...);
}
#endif

// Lane l of the result is lane l ^ mask of v.
template <class L>
typename L::V flipped(typename L::V v, int64_t mask) {
#ifdef __clang__  // its shuffles take constants only: one for each bit
    using All = typename Count<L::width>::All;
    if (mask & 1) v = exchange<1 % L::width>(v, All{});
    if (mask & 2) v = exchange<2 % L::width>(v, All{});
    if (mask & 4) v = exchange<4 % L::width>(v, All{});
    if (mask & 8) v = exchange<8 % L::width>(v, All{});
    return v;
#else
    return __builtin_shuffle(v, lane_numbers<L>() ^ static_cast<int>(mask));
#endif
}

template <class L>
Row<L> flipped(Row<L> row, int64_t mask) {
    return {flipped<L>(row.r, mask), flipped<L>(row.i, mask)};
}

// True in lanes whose bits under `mask` have odd parity; there are at most 16 lanes.
template <class L>
typename L::I lane_odd(int64_t mask) {
    typename L::I bits = lane_numbers<L>() & static_cast<int>(mask);
    bits ^= bits >> 2;
    bits ^= bits >> 1;
    return (bits & 1) != 0;
}

// -1 in lanes whose bits under `mask` have odd parity, +1 elsewhere.
template <class L>
typename L::V lane_sign(int64_t mask) {
    return lane_odd<L>(mask) ? spread<L>(-1) : spread<L>(1);
}

// 1 in lanes that have all bits of `mask`, 0 elsewhere.
template <class L>
typename L::V lane_on(int64_t mask) {
    const int bits = static_cast<int>(mask);
    return (lane_numbers<L>() & bits) == bits ? spread<L>(1) : spread<L>(0);
}

// parallel_for over a lambda.
template <class F>
void parallel(int64_t tasks, int threads, F& body) {
    parallel_for(
        tasks, threads,
        [](void* context, int64_t task, int worker) { (*static_cast<F*>(context))(task, worker); },
        &body);
}

// body(task, slot) for all tasks, of which slot s takes s, s + slots, ... in order. Which thread
// runs a slot depends on timing; sums that are kept per slot do not.
template <class F>
void parallel_in_slots(int64_t tasks, int slots, F& body) {
    auto one = [&](int64_t slot, int) {
        for (int64_t task = slot; task < tasks; task += slots) body(task, static_cast<int>(slot));
    };
    parallel(tasks < slots ? tasks : slots, slots, one);
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
