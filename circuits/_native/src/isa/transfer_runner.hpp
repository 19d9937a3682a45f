// Running a noisy circuit on groups of samples: forward, and backward through remembered states.
#pragma once

#include "angles.hpp"
#include "transfer_passes.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
struct TransferSpace {  // one per worker
    using V = typename L::V;
    Buffer<V> states, kept, costate, spare;
    Buffer<Half<L>> halves;
    Buffer<Affine<L>> affine, overlaps, prefixes;
    Buffer<V> given, by_given, slopes;
    bool begun = false;
};

// Items of a step that touches qubit 0 while that qubit is within the lanes are single numbers.
template <class L>
inline bool within_lanes(const TransferStep& step) {
    if (L::samples) return false;
    for (int t = 0; t < step.n_targets; ++t)
        if (step.targets[t] == 0) return true;
    return false;
}

template <class L>
class TransferRunner {
    using T = typename L::T;
    using V = typename L::V;

   public:
    explicit TransferRunner(const TransferJob<T>& job)
        : job_(job), p_(*job.program), angles_{job.values}, workers_(job.values.threads) {
        for (int64_t f = 0; f < p_.n_steps; ++f) {
            const int64_t factors = p_.steps[f].n_factors;
            if (factors > longest_) longest_ = factors;
        }
        if (!job.gradient) return;
        weight_rows_ = job.values.weights_vary ? job.values.batch : workers_;
        weight_sums_.zeros(weight_rows_ * p_.angles.n_weights + 1);
        given_sums_.zeros((job.given_vary ? 0 : workers_) * int64_t{p_.n_given} + 1);
        if (job.values.by_inputs)  // an empty tensor has no address
            std::memset(job.values.by_inputs, 0,
                        sizeof(T) * job.values.batch * p_.angles.n_inputs);
        const int64_t bytes = size_ * static_cast<int64_t>(sizeof(V));
        int64_t room = job.tape / bytes;
        if (room < 2) room = 2;
        while (segment_ < p_.n_steps && segment_ + p_.n_steps / segment_ + 2 > room &&
               segment_ * segment_ < p_.n_steps)
            ++segment_;
        if (p_.n_steps + 1 <= room) segment_ = p_.n_steps > 0 ? p_.n_steps : 1;
    }

    void run() {
        TransferSpace<L>* spaces = new TransferSpace<L>[workers_];
        const int64_t groups = (job_.values.batch + L::group - 1) / L::group;
        auto body = [&](int64_t group, int worker) {
            run_group(group * L::group, spaces[worker], worker);
        };
        try {
            parallel_in_slots(groups, workers_, body);
            if (job_.gradient) finish(spaces);
        } catch (...) {
            delete[] spaces;
            throw;
        }
        delete[] spaces;
    }

   private:
    bool varies(const TransferStep& step) const {
        return step.per_sample || job_.values.weights_vary || (step.given && job_.given_vary);
    }

    void begin(TransferSpace<L>& space) const {
        angles_.bind_shared(space.halves.get(angles_.n_slots + 1));
        space.given.get(p_.n_given + 1);
        if (!job_.given_vary) load_given(space, 0, 1);
        space.affine.get(p_.n_chains + 1);
        prepare(space, false);
        space.overlaps.zeros(p_.n_chains + 1);
        space.slopes.zeros(angles_.n_slots + 1);
        space.by_given.zeros(p_.n_given + 1);
        space.prefixes.get(longest_ + 1);
        space.begun = true;
    }

    void load_given(TransferSpace<L>& space, int64_t first, int samples) const {
        for (int32_t k = 0; k < p_.n_given; ++k)
            for (int l = 0; l < L::width; ++l) {
                const int64_t sample =
                    samples > 1 ? smaller(first + l, job_.values.batch - 1) : first;
                space.given.data()[k][l] = job_.given[sample * p_.n_given + k];
            }
    }

    void prepare(TransferSpace<L>& space, bool varying) const {
        for (int64_t s = 0; s < p_.n_steps; ++s) {
            const TransferStep& step = p_.steps[s];
            if (step.pass == TransferPass::chain && varies(step) == varying)
                space.affine.data()[step.chain] = chain_affine<L>(
                    p_, step, space.halves.data(), space.given.data(), nullptr);
        }
    }

    void run_group(int64_t first, TransferSpace<L>& space, int worker) {
        if (!space.begun) begin(space);
        angles_.bind_group(space.halves.data(), first);
        if (job_.given_vary) load_given(space, first, L::group);
        prepare(space, true);
        if (job_.gradient) {
            back(first, space, worker);
            return;
        }
        V* here = space.states.get(size_);
        V* there = space.spare.get(size_);
        load(here, first);
        for (int64_t s = 0; s < p_.n_steps; ++s) {
            apply(p_.steps[s], here, there, space);
            V* const held = here;
            here = there;
            there = held;
        }
        for (int64_t e = 0; e < p_.n_entries; ++e)
            for (int l = 0; l < L::group && first + l < job_.values.batch; ++l)
                job_.entries[(first + l) * p_.n_entries + e] = entry(here, p_.entries[e], l);
    }

    static T entry(const V* state, int64_t index, int lane) {
        return L::samples ? state[index][lane] : state[index >> 2][index & 3];
    }

    void load(V* state, int64_t first) const {
        const int64_t entries = int64_t{1} << 2 * p_.n_qubits;
        for (int64_t i = 0; i < entries; ++i) {
            const int64_t row = L::samples ? i : i >> 2;
            for (int l = 0; l < L::group; ++l) {
                const int lane = L::samples ? l : static_cast<int>(i & 3);
                if (!job_.start) {  // 1 for strings of I and Z
                    state[row][lane] = ((i ^ i >> 1) & 0x5555555555555555) == 0;
                    continue;
                }
                const int64_t sample = smaller(first + l, job_.values.batch - 1);
                state[row][lane] = job_.start[(job_.start_varies ? sample * entries : 0) + i];
            }
        }
    }

    // Call pass(items in, items out, number of items, shift) with items that fit the step.
    template <class F>
    void with_items(const TransferStep& step, const V* in, V* out, F&& pass) const {
        if constexpr (!L::samples) {
            if (within_lanes<L>(step)) {
                pass(reinterpret_cast<const T*>(in), reinterpret_cast<T*>(out), size_ * L::width,
                     0);
                return;
            }
        }
        pass(in, out, size_, shift_);
    }

    static V item_of(V value, const V*) { return value; }
    static T item_of(V value, const T*) { return value[0]; }

    void apply(const TransferStep& step, const V* in, V* out, TransferSpace<L>& space) const {
        const int32_t* table = p_.tables + step.table;
        switch (step.pass) {
            case TransferPass::chain: {
                const Affine<L>& a = space.affine.data()[step.chain];
                if constexpr (!L::samples) {
                    if (within_lanes<L>(step)) {
                        chain_pass_lanes<L>(in, out, size_, a);
                        break;
                    }
                }
                chain_pass(in, out, size_, stride(step), a.m);
                break;
            }
            case TransferPass::permute:
                with_items(step, in, out, [&](auto* from, auto* to, int64_t size, int shift) {
                    using Item = typename ItemOf<decltype(to)>::Type;
                    permute_pass<Item, T>(from, to, size, step, shift, table, p_.data + step.data);
                });
                break;
            case TransferPass::rotate: {
                const auto t = turn<L>(space.halves.data()[step.slot]);
                with_items(step, in, out, [&](auto* from, auto* to, int64_t size, int shift) {
                    rotate_pass(from, to, size, step, shift, table, item_of(t.c, from),
                                item_of(t.s, from));
                });
                break;
            }
            case TransferPass::dense:
                with_items(step, in, out, [&](auto* from, auto* to, int64_t size, int shift) {
                    const int64_t n = step.n_table;
                    if (step.given)
                        dense_pass(from, to, size, step, shift, table, [&](int64_t r, int64_t c) {
                            return item_of(space.given.data()[step.data + r * n + c], from);
                        });
                    else
                        dense_pass(from, to, size, step, shift, table, [&](int64_t r, int64_t c) {
                            return static_cast<T>(p_.data[step.data + r * n + c]);
                        });
                });
                break;
            case TransferPass::diagonal:
                with_items(step, in, out, [&](auto* from, auto* to, int64_t size, int shift) {
                    each_base(size, digits_mask(step, shift), [&](int64_t b) {
                        for (int64_t j = 0; j < step.n_table; ++j) {
                            const int64_t at = b + (table[j] >> shift);
                            to[at] = from[at] * item_of(space.given.data()[step.data + j], from);
                        }
                    });
                });
        }
    }

    template <class P>
    struct ItemOf;
    template <class Item>
    struct ItemOf<Item*> {
        using Type = Item;
    };

    int64_t stride(const TransferStep& step) const {
        return int64_t{1} << (2 * step.targets[0] - shift_);
    }

    void back(int64_t first, TransferSpace<L>& space, int worker) {
        const int64_t n = p_.n_steps, segments = (n + segment_ - 1) / segment_;
        V* tape = space.states.get((segment_ + 1) * size_);
        V* kept = space.kept.get((segments > 0 ? segments : 1) * size_);
        V* lam = space.costate.get(size_);
        V* spare = space.spare.get(size_);
        load(kept, first);
        for (int64_t k = 0; k + 1 < segments; ++k) {  // all but the last: keep where each begins
            const V* here = kept + k * size_;
            for (int64_t s = k * segment_; s < (k + 1) * segment_; ++s) {
                const bool last = s + 1 == (k + 1) * segment_;
                V* to = last ? kept + (k + 1) * size_ : tape + (s & 1) * size_;
                apply(p_.steps[s], here, to, space);
                here = to;
            }
        }
        costate(lam, first);
        for (int64_t slot = angles_.first_varying; slot < angles_.n_slots; ++slot)
            space.slopes.data()[slot] = V{};
        if (job_.given_vary) space.by_given.zeros(p_.n_given + 1);
        for (int64_t k = segments - 1; k >= 0; --k) {
            const int64_t from = k * segment_, to = smaller(from + segment_, n);
            const V* here = kept + k * size_;
            for (int64_t s = from; s + 1 < to; ++s) {
                V* next = tape + (s - from) * size_;
                apply(p_.steps[s], here, next, space);
                here = next;
            }
            for (int64_t s = to - 1; s >= from; --s) {
                const V* in = s == from ? kept + k * size_ : tape + (s - 1 - from) * size_;
                undo(p_.steps[s], in, lam, spare, space);
            }
        }
        if (job_.by_start) store_start(lam, first);
        angles_.pull_group(space.slopes.data(), first,
                           weight_sums_.data() + (job_.values.weights_vary
                                                      ? 0
                                                      : int64_t{worker} * p_.angles.n_weights));
        if (job_.given_vary) store_given(space, first);
    }

    void costate(V* lam, int64_t first) const {
        std::memset(static_cast<void*>(lam), 0, sizeof(V) * size_);
        for (int64_t e = 0; e < p_.n_entries; ++e) {
            const int64_t index = p_.entries[e];
            for (int l = 0; l < L::group && first + l < job_.values.batch; ++l) {
                const T g = job_.gradient[(first + l) * p_.n_entries + e];
                if (L::samples)
                    lam[index][l] += g;
                else
                    lam[index >> 2][index & 3] += g;
            }
        }
    }

    // The costate before a step, and what the step says about angles and given numbers.
    void undo(const TransferStep& step, const V* in, V*& lam, V*& spare,
              TransferSpace<L>& space) const {
        const int32_t* table = p_.tables + step.table;
        switch (step.pass) {
            case TransferPass::chain:
                undo_chain(step, in, lam, space);
                break;
            case TransferPass::permute: {
                with_items(step, lam, spare, [&](auto* from, auto* to, int64_t size, int shift) {
                    using Item = typename ItemOf<decltype(to)>::Type;
                    permute_back<Item, T>(from, to, size, step, shift, table, p_.data + step.data);
                });
                V* const held = lam;
                lam = spare;
                spare = held;
                break;
            }
            case TransferPass::rotate: {
                const auto t = turn<L>(space.halves.data()[step.slot]);
                with_items(step, in, lam, [&](auto* from, auto* to, int64_t size, int shift) {
                    add(space.slopes.data()[step.slot],
                        rotate_back(from, to, size, step, shift, table, item_of(t.c, from),
                                    item_of(t.s, from)));
                });
                break;
            }
            case TransferPass::dense: {
                undo_dense(step, in, lam, spare, space);
                V* const held = lam;
                lam = spare;
                spare = held;
                break;
            }
            case TransferPass::diagonal:
                with_items(step, in, lam, [&](auto* from, auto* to, int64_t size, int shift) {
                    each_base(size, digits_mask(step, shift), [&](int64_t b) {
                        for (int64_t j = 0; j < step.n_table; ++j) {
                            const int64_t at = b + (table[j] >> shift), k = step.data + j;
                            add(space.by_given.data()[k], to[at] * from[at]);
                            to[at] *= item_of(space.given.data()[k], from);
                        }
                    });
                });
        }
    }

    // Sums over the entries of one sample are kept in lane 0; the four lanes of a vector of
    // entries belong to one sample, and what is added up in the end is all lanes.
    static void add(V& sum, V value) { sum += value; }
    static void add(V& sum, T value) { sum[0] += value; }

    void undo_chain(const TransferStep& step, const V* in, V* lam, TransferSpace<L>& space) const {
        const Affine<L>& a = space.affine.data()[step.chain];
        const bool own = step.learns && varies(step);
        Affine<L> fresh{};
        Affine<L>& o = own ? fresh : space.overlaps.data()[step.chain];
        if constexpr (!L::samples) {
            if (within_lanes<L>(step)) chain_back_lanes<L>(in, lam, size_, a, o, step.learns);
        }
        if (!within_lanes<L>(step)) {
            if (step.learns)
                chain_back<V, true>(in, lam, size_, stride(step), a.m, o.m);
            else
                chain_back<V, false>(in, lam, size_, stride(step), a.m, o.m);
        }
        if (own)
            chain_learn<L>(p_, step, fresh, space.halves.data(), space.given.data(),
                           space.prefixes.data(), space.slopes.data(), space.by_given.data());
    }

    void undo_dense(const TransferStep& step, const V* in, const V* lam, V* out,
                    TransferSpace<L>& space) const {
        const int32_t* table = p_.tables + step.table;
        const int64_t n = step.n_table;
        with_items(step, lam, out, [&](auto* from, auto* to, int64_t size, int shift) {
            if (!step.given) {
                dense_pass(from, to, size, step, shift, table, [&](int64_t r, int64_t c) {
                    return static_cast<T>(p_.data[step.data + c * n + r]);
                });
                return;
            }
            dense_pass(from, to, size, step, shift, table, [&](int64_t r, int64_t c) {
                return item_of(space.given.data()[step.data + c * n + r], from);
            });
            const auto* before = reinterpret_cast<decltype(from)>(in);
            each_base(size, digits_mask(step, shift), [&](int64_t b) {
                for (int64_t r = 0; r < n; ++r)
                    for (int64_t c = 0; c < n; ++c)
                        add(space.by_given.data()[step.data + r * n + c],
                            from[b + (table[r] >> shift)] * before[b + (table[c] >> shift)]);
            });
        });
    }

    void store_start(const V* lam, int64_t first) const {
        const int64_t entries = int64_t{1} << 2 * p_.n_qubits;
        for (int l = 0; l < L::group && first + l < job_.values.batch; ++l)
            for (int64_t i = 0; i < entries; ++i)
                job_.by_start[(first + l) * entries + i] = entry(lam, i, l);
    }

    void store_given(const TransferSpace<L>& space, int64_t first) const {
        for (int32_t k = 0; k < p_.n_given; ++k)
            for (int l = 0; l < L::group && first + l < job_.values.batch; ++l)
                job_.by_given[(first + l) * p_.n_given + k] =
                    L::samples ? space.by_given.data()[k][l] : total<L>(space.by_given.data()[k]);
    }

    // What all groups share was summed over the groups of a worker.
    void finish(TransferSpace<L>* spaces) {
        for (int worker = 0; worker < workers_; ++worker) {
            TransferSpace<L>& space = spaces[worker];
            if (!space.begun) continue;
            V* slopes = space.slopes.data();
            for (int64_t s = 0; s < p_.n_steps; ++s) {
                const TransferStep& step = p_.steps[s];
                if (step.pass == TransferPass::chain && step.learns && !varies(step))
                    chain_learn<L>(p_, step, space.overlaps.data()[step.chain],
                                   space.halves.data(), space.given.data(),
                                   space.prefixes.data(), slopes, space.by_given.data());
            }
            double* sink = weight_sums_.data();
            if (!job_.values.weights_vary) sink += int64_t{worker} * p_.angles.n_weights;
            angles_.pull_shared(slopes, sink);
            for (int32_t k = 0; !job_.given_vary && k < p_.n_given; ++k)
                given_sums_.data()[worker * int64_t{p_.n_given} + k] =
                    total<L>(space.by_given.data()[k]);
        }
        const int64_t weights =
            (job_.values.weights_vary ? job_.values.batch : 1) * int64_t{p_.angles.n_weights};
        sum_rows(weight_sums_.data(), job_.values.weights_vary ? 1 : workers_, weights,
                 job_.values.by_weights);
        if (!job_.given_vary)
            sum_rows(given_sums_.data(), workers_, p_.n_given, job_.by_given);
    }

    static void sum_rows(const double* rows, int64_t n_rows, int64_t size, T* out) {
        for (int64_t k = 0; k < size; ++k) {
            double sum = 0;
            for (int64_t row = 0; row < n_rows; ++row) sum += rows[row * size + k];
            out[k] = static_cast<T>(sum);
        }
    }

    const TransferJob<T>& job_;
    const TransferView& p_;
    const Angles<L> angles_;
    const int workers_;
    const int shift_ = L::samples ? 0 : 2;
    const int64_t size_ = int64_t{1} << (2 * p_.n_qubits - shift_);
    int64_t longest_ = 0, weight_rows_ = 0, segment_ = 1;
    Buffer<double> weight_sums_, given_sums_;
};

}  // namespace
}  // namespace ketwork::KETWORK_ISA
