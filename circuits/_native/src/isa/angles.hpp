// From values to angles, and from slopes of angles back to slopes of values.
#pragma once

#include "../engine.hpp"
#include "sincos.hpp"
#include "workspace.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

// The angles of a job: slots 0 .. shared.size - 1 depend on weights only.
template <class L>
struct Angles {
    using T = typename L::T;
    using V = typename L::V;

    const Job<T>& job;
    const ProgramView& p = *job.program;
    const int64_t n_slots = p.shared.size + p.varying.size;
    // Slots from here on differ between samples.
    const int64_t first_varying = job.weights_vary ? 0 : p.shared.size;

    void bind_shared(Half<L>* halves) const {
        for (int64_t slot = 0; slot < first_varying; ++slot) bind(slot, 0, 1, halves);
    }

    void bind_group(Half<L>* halves, int64_t first) const {
        for (int64_t slot = first_varying; slot < n_slots; ++slot)
            bind(slot, first, L::group, halves);
    }

    // Add to the gradients what slopes of the slots begin .. end - 1 mean for the values.
    void pull_group(const V* slopes, int64_t first, double* by_weights) const {
        for (int64_t slot = first_varying; slot < n_slots; ++slot) {
            for (int l = 0; l < L::group && first + l < job.batch; ++l) {
                const int64_t sample = first + l;
                double* sink = by_weights + (job.weights_vary ? sample * p.n_weights : 0);
                pull(slot, sample, L::samples ? slopes[slot][l] : total<L>(slopes[slot]), sink);
            }
        }
    }

    void pull_shared(const V* slopes, double* by_weights) const {
        for (int64_t slot = 0; slot < first_varying; ++slot)
            pull(slot, 0, total<L>(slopes[slot]), by_weights);
    }

   private:
    void bind(int64_t slot, int64_t first, int samples, Half<L>* halves) const {
        const bool varying = slot >= p.shared.size;
        const AngleView& table = varying ? p.varying : p.shared;
        const int64_t a = varying ? slot - p.shared.size : slot;
        V sum = spread<L>(static_cast<T>(table.constants[a]));
        for (int32_t t = table.first_term[a]; t < table.first_term[a + 1]; ++t) {
            V product = spread<L>(static_cast<T>(table.coefficients[t]));
            for (int32_t d = 0; d < table.degree; ++d) {
                const int32_t factor = table.factors[t * table.degree + d];
                if (factor != 0) product *= values_of(factor, first, samples, varying);
            }
            sum += product;
        }
        sine_cosine<L>(sum / 2, halves[slot].s, halves[slot].c);
    }

    V values_of(int32_t factor, int64_t first, int samples, bool varying) const {
        const bool differ = samples > 1 && (job.weights_vary || (varying && factor <= p.n_inputs));
        if (!differ) return spread<L>(value_of(factor, first, varying));
        V values{};
        for (int l = 0; l < L::width; ++l)
            values[l] = value_of(factor, smaller(first + l, job.batch - 1), varying);
        return values;
    }

    T value_of(int32_t factor, int64_t sample, bool varying) const {
        if (factor == 0) return 1;
        int32_t k = factor - 1;
        if (varying) {
            if (k < p.n_inputs) return job.inputs[sample * p.n_inputs + k];
            k -= p.n_inputs;
        }
        return job.weights[(job.weights_vary ? sample * p.n_weights : 0) + k];
    }

    void pull(int64_t slot, int64_t sample, T slope, double* by_weights) const {
        const bool varying = slot >= p.shared.size;
        const AngleView& table = varying ? p.varying : p.shared;
        const int64_t a = varying ? slot - p.shared.size : slot;
        for (int32_t t = table.first_term[a]; t < table.first_term[a + 1]; ++t) {
            const int32_t* factors = table.factors + static_cast<int64_t>(t) * table.degree;
            for (int32_t d = 0; d < table.degree; ++d) {
                const int32_t k = factors[d] - 1;
                const bool input = varying && k < p.n_inputs;
                if (k < 0 || (input && !job.by_inputs)) continue;
                T product = static_cast<T>(table.coefficients[t]) * slope;
                for (int32_t e = 0; e < table.degree; ++e)
                    if (e != d) product *= value_of(factors[e], sample, varying);
                if (input)
                    job.by_inputs[sample * p.n_inputs + k] += product;
                else
                    by_weights[k - (varying ? p.n_inputs : 0)] += product;
            }
        }
    }
};

}  // namespace
}  // namespace ketwork::KETWORK_ISA
