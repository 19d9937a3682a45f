// Where numbers enter and leave: start states, final states, values and their gradients.
#pragma once

#include "pauli.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

// Inputs as amplitudes: one over the norm of each sample's.
template <class L>
typename L::V inverse_norms(const Job<typename L::T>& job, int64_t first) {
    using T = typename L::T;
    const ProgramView& p = *job.program;
    typename L::V out{};
    for (int l = 0; l < L::width; ++l) {
        if (!L::samples && l > 0) {
            out[l] = out[0];
            continue;
        }
        const T* row = job.inputs + smaller(first + l, job.batch - 1) * p.n_inputs;
        double sum = 0;
        for (int64_t i = 0; i < int64_t{1} << p.n_qubits; ++i)
            if (p.columns[i] >= 0) sum += double{row[p.columns[i]]} * row[p.columns[i]];
        out[l] = static_cast<T>(1 / __builtin_sqrt(sum));
    }
    return out;
}

template <class L>
void load_inputs(const Job<typename L::T>& job, Row<L>* rows, int64_t n_rows, int64_t first) {
    const ProgramView& p = *job.program;
    const auto scale = inverse_norms<L>(job, first);
    for (int64_t i = 0; i < n_rows; ++i) {
        typename L::V part{};
        for (int l = 0; l < L::width; ++l) {
            const int64_t sample = L::samples ? smaller(first + l, job.batch - 1) : first;
            const int32_t column = p.columns[L::samples ? i : i * L::width + l];
            if (column >= 0) part[l] = job.inputs[sample * p.n_inputs + column];
        }
        rows[i] = {part * scale, typename L::V{}};
    }
}

// With a = x / |x| the gradient by x is (g - a <a|g>) / |x|, g being that by a, the real part of
// lambda before the first step; psi is a there.
template <class L>
void pull_inputs(const Job<typename L::T>& job, const Row<L>* psi, const Row<L>* lam,
                 int64_t n_rows, int64_t first) {
    const ProgramView& p = *job.program;
    const auto scale = inverse_norms<L>(job, first);
    typename L::V along{};
    for (int64_t i = 0; i < n_rows; ++i) along += psi[i].r * lam[i].r;
    if (!L::samples) along = spread<L>(total<L>(along));
    for (int64_t i = 0; i < n_rows; ++i) {
        const auto slope = (lam[i].r - psi[i].r * along) * scale;
        for (int l = 0; l < L::width; ++l) {
            const int64_t sample = L::samples ? first + l : first;
            const int32_t column = p.columns[L::samples ? i : i * L::width + l];
            if (column >= 0 && sample < job.batch)
                job.by_inputs[sample * p.n_inputs + column] += slope[l];
        }
    }
}

template <class L>
void load(const Job<typename L::T>& job, Row<L>* rows, int64_t n_rows, int64_t first) {
    if (job.program->columns) {
        load_inputs<L>(job, rows, n_rows, first);
        return;
    }
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

// Number of the outcome to which an amplitude contributes.
inline int32_t outcome(const ProgramView& p, int64_t index) {
    int32_t number = 0;
    for (int b = 0; b < outcome_tables; ++b) number |= p.outcomes[256 * b + (index >> 8 * b & 255)];
    return number;
}

// Probabilities of the outcomes of the measured qubits.
template <class L>
void probabilities(const Job<typename L::T>& job, const Row<L>* rows, int64_t n_rows,
                   int64_t first) {
    using T = typename L::T;
    const ProgramView& p = *job.program;
    T* const out = job.values + first * p.n_values;
    const int64_t samples = smaller(L::group, job.batch - first);
    std::memset(out, 0, sizeof(T) * samples * p.n_values);
    for (int64_t i = 0; i < n_rows; ++i) {
        const auto part = rows[i].r * rows[i].r + rows[i].i * rows[i].i;
        if (L::samples) {
            T* const to = out + outcome(p, i);
            for (int64_t l = 0; l < samples; ++l) to[l * p.n_values] += part[l];
        } else {
            for (int l = 0; l < L::width; ++l) out[outcome(p, i * L::width + l)] += part[l];
        }
    }
}

// Rows first_row .. last_row - 1 of lambda = 2 * gradient of the outcome * psi.
template <class L>
void probability_cotangent(const Job<typename L::T>& job, const Row<L>* psi, Row<L>* lam,
                           int64_t first_row, int64_t last_row, int64_t first) {
    using T = typename L::T;
    const ProgramView& p = *job.program;
    const T* const gradient = job.gradient + first * p.n_values;
    for (int64_t i = first_row; i < last_row; ++i) {
        typename L::V weight{};
        for (int l = 0; l < L::width; ++l) {
            if (!L::samples)
                weight[l] = gradient[outcome(p, i * L::width + l)];
            else if (first + l < job.batch)
                weight[l] = gradient[l * p.n_values + outcome(p, i)];
        }
        weight *= T(2);
        lam[i] = {weight * psi[i].r, weight * psi[i].i};
    }
}

}  // namespace
}  // namespace ketwork::KETWORK_ISA
