// Where numbers enter and leave: start states, final states, values and their gradients.
#pragma once

#include "pauli.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
void load(const Job<typename L::T>& job, Row<L>* rows, int64_t n_rows, int64_t first) {
    if (!job.start) {
        std::memset(static_cast<void*>(rows), 0, n_rows * sizeof(Row<L>));
        if (L::samples)
            rows[0].r += 1;
        else
            rows[0].r[0] = 1;
        return;
    }
    const int64_t size = int64_t{1} << job.program->n_qubits;
    for (int64_t i = 0; i < n_rows; ++i) {
        for (int l = 0; l < L::width; ++l) {
            const int64_t sample = L::samples ? smaller(first + l, job.batch - 1) : first;
            const auto* from = job.start + (job.start_varies ? 2 * size * sample : 0);
            const int64_t index = L::samples ? i : i * L::width + l;
            rows[i].r[l] = from[2 * index];
            rows[i].i[l] = from[2 * index + 1];
        }
    }
}

template <class L>
void store(const Job<typename L::T>& job, const Row<L>* rows, int64_t n_rows, int64_t first,
           typename L::T* to) {
    const int64_t size = int64_t{1} << job.program->n_qubits;
    for (int64_t i = 0; i < n_rows; ++i) {
        for (int l = 0; l < L::width; ++l) {
            const int64_t sample = L::samples ? first + l : first;
            if (sample >= job.batch) break;
            auto* out = to + 2 * size * sample;
            const int64_t index = L::samples ? i : i * L::width + l;
            out[2 * index] = rows[i].r[l];
            out[2 * index + 1] = rows[i].i[l];
        }
    }
}

// 2 * coefficient * gradient of each term, with the term's signs in the lanes.
template <class L>
void term_weights(const Job<typename L::T>& job, int64_t first, typename L::V* weights) {
    using T = typename L::T;
    const ProgramView& p = *job.program;
    for (int64_t t = 0; t < p.n_terms; ++t) {
        const Term& term = p.terms[t];
        typename L::V weight{};
        for (int l = 0; l < L::width; ++l) {
            const int64_t sample = L::samples ? first + l : first;
            if (sample < job.batch) weight[l] = job.gradient[sample * p.n_values + term.row];
        }
        weights[t] = weight * T(2 * term.coefficient);
        if (!L::samples) weights[t] *= lane_sign<L>(term.z_mask & L::lane_bits);
    }
}

template <class L>
void write_values(const Job<typename L::T>& job, const typename L::V* sums, int64_t first) {
    using T = typename L::T;
    const ProgramView& p = *job.program;
    for (int l = 0; l < L::group && first + l < job.batch; ++l) {
        T* out = job.values + (first + l) * p.n_values;
        for (int32_t k = 0; k < p.n_values; ++k) out[k] = 0;
        for (int64_t t = 0; t < p.n_terms; ++t) {
            const Term& term = p.terms[t];
            const T value = L::samples
                                ? sums[t][l]
                                : total<L>(sums[t] * lane_sign<L>(term.z_mask & L::lane_bits));
            out[term.row] += static_cast<T>(term.coefficient) * value;
        }
    }
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
