// A state larger than a fast cache: segments of steps, one tile after another.
#pragma once

#include "runner.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
class Tiled : public Runner<L> {
   public:
    using T = typename L::T;
    using V = typename L::V;
    using Runner<L>::Runner;

    // Qubits of a tile: state and costate of one fit into the second-level cache.
    static constexpr int tile_qubits = sizeof(T) == 8 ? 13 : 14;

    void run() {
        for (int64_t sample = 0; sample < this->job_.batch; ++sample) {
            this->begin(this->p_.fine, bound_);
            this->angles_.bind_group(bound_.halves.data(), sample);
            this->prepare(this->p_.fine, bound_, true);
            const int64_t offset = 2 * L::width * n_rows_ * sample;
            if (this->job_.kept) {
                Row<L>* state = state_.get(n_rows_);
                pieces([&](int64_t first, int64_t last, Workspace<L>&) {
                    std::memcpy(static_cast<void*>(state + first),
                                this->job_.kept + offset + 2 * L::width * first,
                                static_cast<size_t>(last - first) * sizeof(Row<L>));
                });
                back(state, sample);
                continue;
            }
            Row<L>* state = this->job_.keep ? reinterpret_cast<Row<L>*>(this->job_.keep + offset)
                                            : state_.get(n_rows_);
            load<L>(this->job_, state, n_rows_, sample);
            for (int64_t s = 0; s < segments_.size; ++s) forward(segments_.data[s], state);
            if (this->job_.gradient)
                back(state, sample);
            else
                emit(state, sample);
        }
        if (this->job_.gradient) this->write_weights();
    }

   private:
    // The rows of a tile lie in strips of `length` rows; `inside` and `outside` are the bits of a
    // row's number that count strips and tiles.
    struct Strips {
        int64_t rows, length, inside, outside;
    };

    Strips strips_of(const Segment& segment) const {
        const int64_t mask = segment.tile >> L::lane_qubits;
        const int64_t length = ~mask & -~mask;  // the lowest bit that is not in the tile
        return {int64_t{1} << __builtin_popcountll(mask), smaller(length, n_rows_),
                mask & ~(length - 1), (n_rows_ - 1) & ~mask};
    }

    // body(worker, tile number) with the first row of each tile that is not all zero.
    template <class F>
    void tiles(const Segment& segment, const Strips& strips, F&& body) {
        const int64_t still_zero = this->from_zero_ ? ~segment.touched >> L::lane_qubits : 0;
        auto one = [&](int64_t number, int worker) {
            int64_t base = 0;
            for (int64_t left = strips.outside; number; number >>= 1, left &= left - 1)
                if (number & 1) base |= left & -left;
            if (!(base & still_zero)) body(base, spaces_[worker]);
        };
        parallel_in_slots(n_rows_ / strips.rows, this->workers_, one);
    }

    // body(first, last, worker) over the state in pieces.
    template <class F>
    void pieces(F&& body) {
        const int64_t size = smaller(n_rows_, 4096);
        auto one = [&](int64_t k, int worker) { body(k * size, (k + 1) * size, spaces_[worker]); };
        parallel_in_slots(n_rows_ / size, this->workers_, one);
    }

    static void fetch(const Row<L>* state, Row<L>* tile, int64_t base, const Strips& strips) {
        int64_t high = 0;
        for (int64_t row = 0; row < strips.rows; row += strips.length) {
            std::memcpy(static_cast<void*>(tile + row), state + (base | high),
                        strips.length * sizeof(Row<L>));
            high = (high - strips.inside) & strips.inside;  // counts within the mask
        }
    }

    static void put(Row<L>* state, const Row<L>* tile, int64_t base, const Strips& strips) {
        int64_t high = 0;
        for (int64_t row = 0; row < strips.rows; row += strips.length) {
            std::memcpy(static_cast<void*>(state + (base | high)), tile + row,
                        strips.length * sizeof(Row<L>));
            high = (high - strips.inside) & strips.inside;
        }
    }

    void forward(const Segment& segment, Row<L>* state) {
        const Strips strips = strips_of(segment);
        tiles(segment, strips, [&](int64_t base, Workspace<L>& space) {
            Row<L>* tile = space.state.get(strips.rows);
            fetch(state, tile, base, strips);
            for (int64_t s = 0; s < segment.steps.size; ++s)
                this->apply(segment.steps.data[s], tile, strips.rows, bound_, space);
            put(state, tile, base, strips);
        });
    }

    void emit(const Row<L>* state, int64_t sample) {
        if (this->job_.states) store<L>(this->job_, state, n_rows_, sample, this->job_.states);
        if (!this->job_.values) return;
        if (this->p_.outcomes) {
            probabilities<L>(this->job_, state, n_rows_, sample);
            return;
        }
        const int64_t count = this->p_.n_terms + 1;
        for (int w = 0; w < this->workers_; ++w) spaces_[w].terms.zeros(count);
        pieces([&](int64_t first, int64_t last, Workspace<L>& space) {
            measure<L>(this->p_, state, first, last, space.terms.data());
        });
        V* sums = spaces_[0].terms.data();
        for (int w = 1; w < this->workers_; ++w)
            for (int64_t t = 0; t < count; ++t) sums[t] += spaces_[w].terms.data()[t];
        write_values<L>(this->job_, sums, sample);
    }

    void back(Row<L>* state, int64_t sample) {
        Row<L>* costate = costate_.get(n_rows_);
        V* weights = bound_.terms.get(this->p_.n_terms + 1);
        term_weights<L>(this->job_, sample, weights);
        pieces([&](int64_t first, int64_t last, Workspace<L>&) {
            if (this->p_.outcomes)
                probability_cotangent<L>(this->job_, state, costate, first, last, sample);
            else
                cotangent<L>(this->p_, state, costate, first, last, weights);
        });
        for (int w = 0; w < this->workers_; ++w) this->clear(spaces_[w]);
        for (int64_t s = segments_.size; s-- > 0;) back(segments_.data[s], state, costate);
        if (this->p_.columns && this->job_.by_inputs)
            pull_inputs<L>(this->job_, state, costate, n_rows_, sample);
        if (this->job_.by_start)
            store<L>(this->job_, costate, n_rows_, sample, this->job_.by_start);
        add_up(sample);
    }

    void back(const Segment& segment, Row<L>* state, Row<L>* costate) {
        const Strips strips = strips_of(segment);
        tiles(segment, strips, [&](int64_t base, Workspace<L>& space) {
            Row<L>* psi = space.state.get(strips.rows);
            Row<L>* lam = space.costate.get(strips.rows);
            fetch(state, psi, base, strips);
            fetch(costate, lam, base, strips);
            for (int64_t s = segment.steps.size; s-- > 0;)
                this->undo(segment.steps.data[s], psi, lam, strips.rows, bound_, space);
            put(state, psi, base, strips);
            put(costate, lam, base, strips);
        });
    }

    // Overlaps and slopes of all workers, to the gradients of one sample.
    void add_up(int64_t sample) {
        V* slopes = bound_.slopes.data();
        for (int w = 0; w < this->workers_; ++w)
            for (int64_t slot = 0; slot < this->angles_.n_slots; ++slot)
                slopes[slot] += spaces_[w].slopes.data()[slot];
        for (int64_t s = 0; s < this->p_.fine.size; ++s) {
            const Step& step = this->p_.fine.data[s];
            if (step.pass != Pass::chain) continue;
            Overlap<L> sum{};
            for (int w = 0; w < this->workers_; ++w) {
                const Overlap<L>& o = spaces_[w].overlaps.data()[step.chain];
                sum = {sum.x + o.x, sum.y + o.y, sum.z + o.z, sum.id + o.id};
            }
            chain_slopes<L>(this->p_, step, sum, bound_.halves.data(), slopes);
        }
        this->angles_.pull_shared(slopes, this->sums_of(0));
        this->angles_.pull_group(slopes, sample, this->sums_of(0));
    }

    const int64_t n_rows_ = int64_t{1} << (this->p_.n_qubits - L::lane_qubits);
    const Segments segments_ = segments_of(this->p_, L::lane_qubits, tile_qubits);
    Buffer<Row<L>> state_, costate_;
    Workspace<L> bound_;
    Workspaces<L> spaces_{this->workers_};
};

}  // namespace
}  // namespace ketwork::KETWORK_ISA
