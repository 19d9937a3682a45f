// From primitives to steps, as few as possible.
//
// Gates that act alone on a qubit are collected into one matrix, and a CNOT becomes part of the
// matrix step on its target, before or after the matrix: there it costs nothing. What remains of
// long runs of flips and swaps becomes one gather.
#include <algorithm>
#include <numeric>

#include "program.hpp"

namespace ketwork {
namespace {

constexpr int32_t largest_table = 9;   // qubits up to which permutations become gathers
constexpr size_t shortest_gather = 3;  // flips that are worth a pass over the whole state

int64_t bit(int64_t qubit) { return int64_t{1} << qubit; }

class Fuser {
   public:
    Fuser(Program& program, bool gathers)
        : p_(program),
          out_(gathers ? program.whole : program.fine),
          gathers_(gathers),
          open_(program.n_qubits),
          touched_(program.n_qubits, -1),
          changed_(program.n_qubits, -1) {}

    void run(const std::vector<Primitive>& primitives) {
        for (const Primitive& g : primitives) add(g);
        for (int32_t q = 0; q < p_.n_qubits; ++q) close(q);
        close_flips();
    }

   private:
    struct Open {  // what is still to be done on a qubit: flips by these controls, then a matrix
        int64_t before = 0;
        std::vector<Element> elements;
        bool empty() const { return before == 0 && elements.empty(); }
    };

    struct Flip {
        int64_t controls;
        int32_t target;
    };

    void add(const Primitive& g) {
        const bool one_control = g.controls != 0 && (g.controls & (g.controls - 1)) == 0;
        if (g.kind <= Kind::constant && g.controls == 0) {
            open_[g.first].elements.push_back(element(g));
        } else if (g.kind == Kind::flip && one_control) {
            cnot(g.controls, static_cast<int32_t>(g.first));
        } else if (g.kind == Kind::flip) {
            settle(g.controls | bit(g.first));
            flip({g.controls, static_cast<int32_t>(g.first)});
        } else if (g.kind == Kind::swap) {
            settle(g.controls | bit(g.first) | bit(g.second));
            const auto a = static_cast<int32_t>(g.first), b = static_cast<int32_t>(g.second);
            flip({bit(a), b});
            flip({g.controls | bit(b), a});
            flip({bit(a), b});
        } else {
            const Step step = step_of(g);
            settle(mask_of(step));
            emit(step);
        }
    }

    void cnot(int64_t control, int32_t target) {
        const auto c = static_cast<int32_t>(__builtin_ctzll(control));
        close(c);
        Open& open = open_[target];
        if (!open.elements.empty()) close(target);
        if (open.empty() && follows_matrix(c, target)) {
            out_.steps[touched_[target]].after ^= control;
            touched_[c] = std::max(touched_[c], touched_[target]);
        } else {
            open.before ^= control;
        }
    }

    // Whether a CNOT can move back in time until it follows a matrix on its target.
    bool follows_matrix(int32_t control, int32_t target) const {
        const int64_t last = touched_[target];
        if (last < 0 || changed_[control] > last) return false;
        if ((flipped_ & (bit(control) | bit(target))) != 0) return false;
        for (const Open& open : open_)
            if (open.before & bit(target)) return false;
        const Step& step = out_.steps[last];
        return step.pass == Pass::chain && step.controls == 0 && step.target == target;
    }

    // Emit all that is open on these qubits, or that they control.
    void settle(int64_t qubits) {
        for (int32_t q = 0; q < p_.n_qubits; ++q)
            if (qubits & bit(q)) {
                close_controlled(q);
                close(q);
            }
    }

    void close_controlled(int32_t q) {
        for (int32_t t = 0; t < p_.n_qubits; ++t)
            if (open_[t].before & bit(q)) close(t);
    }

    void close(int32_t q) {
        if (open_[q].empty()) return;
        close_controlled(q);  // those controls act before what is open on q
        Open open;
        std::swap(open, open_[q]);
        if (open.elements.empty()) {
            for (int64_t left = open.before; left; left &= left - 1) flip({left & -left, q});
            return;
        }
        Step step = chain_of(q, 0, open.elements);
        step.before = open.before;
        emit(step);
    }

    void flip(const Flip& flip) {
        flips_.push_back(flip);
        flipped_ |= flip.controls | bit(flip.target);
    }

    void close_flips() {
        if (flips_.empty()) return;
        std::vector<Flip> flips;
        flips.swap(flips_);
        flipped_ = 0;
        if (gathers_ && flips.size() >= shortest_gather) {
            Step step{};
            step.pass = Pass::gather;
            step.table = static_cast<int32_t>(out_.tables.size());
            make_tables(flips);
            for (const Flip& flip : flips) step.controls |= flip.controls | bit(flip.target);
            emit(step);
            return;
        }
        for (const Flip& flip : flips) {
            Step step{};
            step.pass = Pass::flip;
            step.controls = flip.controls;
            step.target = flip.target;
            emit(step);
        }
    }

    void make_tables(const std::vector<Flip>& flips) {
        std::vector<int32_t> table(size_t{1} << p_.n_qubits), next(table.size());
        std::iota(table.begin(), table.end(), 0);
        for (const Flip& flip : flips) {
            for (size_t i = 0; i < table.size(); ++i) {
                const bool on = (static_cast<int64_t>(i) & flip.controls) == flip.controls;
                next[i] = table[on ? i ^ bit(flip.target) : i];
            }
            table.swap(next);
        }
        for (size_t i = 0; i < table.size(); ++i) next[table[i]] = static_cast<int32_t>(i);
        out_.tables.push_back(std::move(table));
        out_.inverse_tables.push_back(std::move(next));
    }

    void emit(const Step& step) {
        const int64_t mask = mask_of(step);
        if (mask & flipped_) close_flips();
        const auto number = static_cast<int64_t>(out_.steps.size());
        const int64_t changes = changes_of(step);
        for (int32_t q = 0; q < p_.n_qubits; ++q) {
            if (mask & bit(q)) touched_[q] = number;
            if (changes & bit(q)) changed_[q] = number;
        }
        out_.steps.push_back(step);
    }

    static Element element(const Primitive& g) {
        return {g.kind, static_cast<int32_t>(g.slot), static_cast<int32_t>(g.data)};
    }

    bool varies(int32_t slot) const {
        return slot >= static_cast<int64_t>(p_.shared.constants.size());
    }

    Step chain_of(int32_t target, int64_t controls, const std::vector<Element>& elements) {
        Step step{};
        step.pass = Pass::chain;
        step.target = target;
        step.controls = controls;
        step.first_element = static_cast<int32_t>(p_.elements.size());
        step.n_elements = static_cast<int32_t>(elements.size());
        step.chain = chain_++;
        for (const Element& e : elements) step.per_sample |= e.slot >= 0 && varies(e.slot);
        p_.elements.insert(p_.elements.end(), elements.begin(), elements.end());
        p_.n_chains = std::max(p_.n_chains, chain_);
        return step;
    }

    Step step_of(const Primitive& g) {
        if (g.kind <= Kind::constant)
            return chain_of(static_cast<int32_t>(g.first), g.controls, {element(g)});
        Step step{};
        step.slot = static_cast<int32_t>(g.slot);
        step.data = static_cast<int32_t>(g.data);
        step.controls = g.controls;
        if (g.kind == Kind::pauli) {
            step.pass = Pass::pauli;
            step.x_mask = g.first;
            step.z_mask = g.second;
            step.per_sample = varies(step.slot);
            return step;
        }
        step.pass = g.kind == Kind::sign ? Pass::sign : Pass::dense;
        if (g.kind == Kind::dense)
            for (int64_t k = 0; k < g.second; ++k)
                step.targets[step.n_targets++] = static_cast<int8_t>(g.first >> 6 * k & 63);
        return step;
    }

    Program& p_;
    Schedule& out_;
    const bool gathers_;
    std::vector<Open> open_;
    std::vector<int64_t> touched_, changed_;  // the last step that uses or changes each qubit
    std::vector<Flip> flips_;                 // not yet emitted
    int64_t flipped_ = 0;                     // the qubits of these
    int32_t chain_ = 0;
};

}  // namespace

int64_t mask_of(const Step& step) {
    switch (step.pass) {
        case Pass::sign:
        case Pass::gather:
            return step.controls;
        case Pass::pauli:
            return step.controls | step.x_mask | step.z_mask;
        case Pass::dense: {
            int64_t mask = step.controls;
            for (int32_t k = 0; k < step.n_targets; ++k) mask |= bit(step.targets[k]);
            return mask;
        }
        default:
            return step.controls | step.before | step.after | bit(step.target);
    }
}

int64_t changes_of(const Step& step) {
    switch (step.pass) {
        case Pass::chain:
        case Pass::flip:
            return bit(step.target);
        case Pass::sign:
            return 0;
        case Pass::pauli:
            return step.x_mask;
        case Pass::dense:
            return mask_of(step) & ~step.controls;
        default:
            return mask_of(step);
    }
}

namespace {

int32_t reach_of(int64_t touched) {
    return touched ? 64 - __builtin_clzll(static_cast<uint64_t>(touched)) : 0;
}

// Steps without a common qubit may change places: let those come first that reach least far.
void sort_by_reach(std::vector<Step>& steps, int32_t n_qubits) {
    const int64_t every = bit(n_qubits) - 1;
    std::vector<bool> done(steps.size(), false);
    std::vector<Step> sorted;
    int64_t touched = 0;
    while (sorted.size() < steps.size() && reach_of(touched) < n_qubits) {
        int64_t blocked = 0;
        size_t best = steps.size();
        for (size_t s = 0; s < steps.size() && blocked != every; ++s) {
            if (done[s]) continue;
            const int64_t mask = mask_of(steps[s]);
            const auto reach = [&](size_t k) { return reach_of(touched | changes_of(steps[k])); };
            const bool ready = !(mask & blocked);
            if (ready && (best == steps.size() || reach(s) < reach(best))) best = s;
            blocked |= mask;
        }
        done[best] = true;
        touched |= changes_of(steps[best]);
        sorted.push_back(steps[best]);
    }
    for (size_t s = 0; s < steps.size(); ++s)
        if (!done[s]) sorted.push_back(steps[s]);
    steps.swap(sorted);
}

}  // namespace

int64_t set_reach(std::vector<Step>& steps, int64_t touched) {
    for (Step& step : steps) {
        touched |= changes_of(step);
        step.reach = reach_of(touched);
    }
    return touched;
}

void build_schedules(Program& program, const std::vector<Primitive>& primitives) {
    if (program.n_qubits <= largest_table) Fuser(program, true).run(primitives);
    Fuser(program, false).run(primitives);
    for (Schedule* schedule : {&program.whole, &program.fine}) {
        sort_by_reach(schedule->steps, program.n_qubits);
        set_reach(schedule->steps, 0);
    }
}

}  // namespace ketwork
