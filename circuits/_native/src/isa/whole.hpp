// One buffer holds a whole state: of a group of samples in lanes, or of one sample.
#pragma once

#include "runner.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
class Whole : public Runner<L> {
   public:
    using T = typename L::T;
    using V = typename L::V;
    using Runner<L>::Runner;

    void run() {
        Workspaces<L> spaces(this->workers_);
        const int64_t groups = (this->job_.batch + L::group - 1) / L::group;
        auto body = [&](int64_t group, int worker) {
            Workspace<L>& space = spaces[worker];
            if (!space.begun) this->begin(steps_, space);
            space.begun = true;
            run_group(group * L::group, space, worker);
        };
        parallel_in_slots(groups, this->workers_, body);
        if (!this->job_.gradient) return;
        for (int worker = 0; worker < this->workers_; ++worker)
            if (spaces[worker].begun) finish(spaces[worker], worker);
        this->write_weights();
    }

   private:
    void run_group(int64_t first, Workspace<L>& space, int worker) {
        this->angles_.bind_group(space.halves.data(), first);
        this->prepare(steps_, space, true);
        Row<L>* rows = space.state.get(n_rows_);
        Row<L>* spare = space.spare.get(n_rows_);
        if (this->job_.kept) {
            std::memcpy(static_cast<void*>(rows), kept(this->job_.kept, first), bytes());
            back(rows, spare, first, space, worker);
            return;
        }
        load<L>(this->job_, rows, n_rows_, first);
        for (int64_t s = 0; s < steps_.size; ++s) {
            const Step& step = steps_.data[s];
            if (step.pass == Pass::gather) {
                gather(this->p_.tables[step.table], rows, spare);
                swap(rows, spare);
            } else {
                this->apply(step, rows, n_rows_, space, space);
            }
        }
        if (this->job_.gradient)
            back(rows, spare, first, space, worker);
        else
            emit(rows, first, space);
    }

    // Where the state of a group is kept.
    template <class P>
    P* kept(P* all, int64_t first) const {
        return all + first / L::group * (2 * L::width * n_rows_);
    }

    size_t bytes() const { return static_cast<size_t>(n_rows_) * sizeof(Row<L>); }

    void emit(const Row<L>* rows, int64_t first, Workspace<L>& space) {
        if (this->job_.keep)
            std::memcpy(static_cast<void*>(kept(this->job_.keep, first)), rows, bytes());
        if (this->job_.values && this->p_.outcomes) {
            probabilities<L>(this->job_, rows, n_rows_, first);
        } else if (this->job_.values) {
            V* sums = space.terms.zeros(this->p_.n_terms + 1);
            measure<L>(this->p_, rows, 0, n_rows_, sums);
            write_values<L>(this->job_, sums, first);
        }
        if (this->job_.states) store<L>(this->job_, rows, n_rows_, first, this->job_.states);
    }

    void back(Row<L>* psi, Row<L>* spare, int64_t first, Workspace<L>& space, int worker) {
        Row<L>* lam = space.costate.get(n_rows_);
        V* slopes = space.slopes.data();
        if (this->p_.outcomes) {
            probability_cotangent<L>(this->job_, psi, lam, 0, n_rows_, first);
        } else {
            V* weights = space.terms.get(this->p_.n_terms + 1);
            term_weights<L>(this->job_, first, weights);
            cotangent<L>(this->p_, psi, lam, 0, n_rows_, weights);
        }
        for (int64_t slot = this->angles_.first_varying; slot < this->angles_.n_slots; ++slot)
            slopes[slot] = V{};
        for (int64_t s = steps_.size; s-- > 0;) {
            const Step& step = steps_.data[s];
            if (step.pass == Pass::gather) {
                gather(this->p_.inverse_tables[step.table], psi, spare);
                gather(this->p_.inverse_tables[step.table], lam, psi);
                swap(psi, spare);
                swap(lam, spare);
                continue;
            }
            const bool own = step.pass == Pass::chain && this->varies(step);
            Overlap<L>& overlap = space.overlaps.data()[step.chain];
            if (own) overlap = Overlap<L>{};
            this->undo(step, psi, lam, n_rows_, space, space);
            if (own) chain_slopes<L>(this->p_, step, overlap, space.halves.data(), slopes);
        }
        if (this->p_.columns && this->job_.by_inputs)
            pull_inputs<L>(this->job_, psi, lam, n_rows_, first);
        if (this->job_.by_start) store<L>(this->job_, lam, n_rows_, first, this->job_.by_start);
        this->angles_.pull_group(slopes, first, this->sums_of(worker));
    }

    // Overlaps of chains that all groups share were summed over the groups of a worker.
    void finish(Workspace<L>& space, int worker) {
        V* slopes = space.slopes.data();
        for (int64_t s = 0; s < steps_.size; ++s) {
            const Step& step = steps_.data[s];
            if (step.pass == Pass::chain && !this->varies(step))
                chain_slopes<L>(this->p_, step, space.overlaps.data()[step.chain],
                                space.halves.data(), slopes);
        }
        this->angles_.pull_shared(slopes, this->sums_of(worker));
    }

    void gather(const int32_t* table, const Row<L>* from, Row<L>* to) const {
        for (int64_t i = 0; i < n_rows_; ++i) to[i] = from[table[i]];
    }

    static void swap(Row<L>*& a, Row<L>*& b) {
        Row<L>* const held = a;
        a = b;
        b = held;
    }

    const int64_t n_rows_ = int64_t{1} << (this->p_.n_qubits - L::lane_qubits);
    const Steps steps_ = L::samples && this->p_.whole.size ? this->p_.whole : this->p_.fine;
};

}  // namespace
}  // namespace ketwork::KETWORK_ISA
