// From primitives to steps: gates that act alone on a qubit are fused, and so are permutations.
#include <algorithm>
#include <numeric>

#include "program.hpp"

namespace ketwork {
namespace {

constexpr int32_t largest_table = 13;  // qubits up to which permutations become gathers

class Fuser {
   public:
    Fuser(Program& program, bool gathers)
        : p_(program),
          out_(gathers ? program.whole : program.fine),
          gathers_(gathers),
          open_(program.n_qubits) {}

    void run(const std::vector<Primitive>& primitives) {
        for (const Primitive& g : primitives) add(g);
        for (int32_t q = 0; q < p_.n_qubits; ++q) close_chain(q);
        close_gather();
    }

   private:
    void add(const Primitive& g) {
        const int64_t touched = mask_of(g);
        const bool single = static_cast<int64_t>(g.kind) <= 4 && g.controls == 0;
        if (single) {
            open_[g.first].push_back(element(g));
            return;
        }
        const bool permutes = g.kind == Kind::flip || g.kind == Kind::swap;
        if (permutes && gathers_) {
            for (int32_t q = 0; q < p_.n_qubits; ++q)
                if (touched >> q & 1) close_chain(q);
            permute(g);
            permuted_ |= touched;
            return;
        }
        for (int32_t q = 0; q < p_.n_qubits; ++q)
            if (touched >> q & 1) close_chain(q);
        if (touched & permuted_) close_gather();
        emit(g);
    }

    static int64_t mask_of(const Primitive& g) {
        switch (g.kind) {
            case Kind::swap:
                return g.controls | int64_t{1} << g.first | int64_t{1} << g.second;
            case Kind::sign:
                return g.controls;
            case Kind::pauli:
                return g.first | g.second;
            case Kind::dense: {
                int64_t mask = g.controls;
                for (int64_t k = 0; k < g.second; ++k) mask |= int64_t{1} << (g.first >> 6 * k & 63);
                return mask;
            }
            default:
                return g.controls | int64_t{1} << g.first;
        }
    }

    bool varies(int32_t slot) const {
        return slot >= static_cast<int64_t>(p_.shared.constants.size());
    }

    static Element element(const Primitive& g) {
        return {g.kind, static_cast<int32_t>(g.slot), static_cast<int32_t>(g.data)};
    }

    void emit_chain(int32_t target, int64_t controls, const std::vector<Element>& elements) {
        Step step{};
        step.pass = Pass::chain;
        step.target = target;
        step.controls = controls;
        step.first_element = static_cast<int32_t>(p_.elements.size());
        step.n_elements = static_cast<int32_t>(elements.size());
        step.chain = chain_++;
        for (const Element& e : elements) step.per_sample |= e.slot >= 0 && varies(e.slot);
        p_.elements.insert(p_.elements.end(), elements.begin(), elements.end());
        out_.steps.push_back(step);
        p_.n_chains = std::max(p_.n_chains, chain_);
    }

    void close_chain(int32_t q) {
        if (open_[q].empty()) return;
        if (permuted_ >> q & 1) close_gather();
        emit_chain(q, 0, open_[q]);
        open_[q].clear();
    }

    void close_gather() {
        if (!permuted_) return;
        Step step{};
        step.pass = Pass::gather;
        step.table = static_cast<int32_t>(out_.tables.size());
        std::vector<int32_t> inverse(index_.size());
        for (size_t i = 0; i < index_.size(); ++i) inverse[index_[i]] = static_cast<int32_t>(i);
        out_.tables.push_back(index_);
        out_.inverse_tables.push_back(std::move(inverse));
        out_.steps.push_back(step);
        permuted_ = 0;
    }

    void permute(const Primitive& g) {
        const size_t size = size_t{1} << p_.n_qubits;
        if (!permuted_) {
            index_.resize(size);
            std::iota(index_.begin(), index_.end(), 0);
        }
        std::vector<int32_t> next(size);
        const int64_t a = int64_t{1} << g.first;
        if (g.kind == Kind::flip) {
            for (size_t i = 0; i < size; ++i)
                next[i] = index_[(static_cast<int64_t>(i) & g.controls) == g.controls ? i ^ a : i];
        } else {
            const int64_t b = int64_t{1} << g.second;
            for (size_t i = 0; i < size; ++i) {
                const bool differ = ((i & a) != 0) != ((i & b) != 0);
                const bool on = (static_cast<int64_t>(i) & g.controls) == g.controls;
                next[i] = index_[on && differ ? i ^ (a | b) : i];
            }
        }
        index_.swap(next);
    }

    void emit(const Primitive& g) {
        Step step{};
        step.controls = g.controls;
        step.slot = static_cast<int32_t>(g.slot);
        step.data = static_cast<int32_t>(g.data);
        switch (g.kind) {
            case Kind::flip:
                step.pass = Pass::flip;
                step.target = static_cast<int32_t>(g.first);
                break;
            case Kind::swap: {  // three flips
                const int64_t a = int64_t{1} << g.first, b = int64_t{1} << g.second;
                for (int k = 0; k < 3; ++k) {
                    Step flip{};
                    flip.pass = Pass::flip;
                    flip.controls = k == 1 ? (g.controls | b) : a;
                    flip.target = static_cast<int32_t>(k == 1 ? g.first : g.second);
                    out_.steps.push_back(flip);
                }
                return;
            }
            case Kind::sign:
                step.pass = Pass::sign;
                break;
            case Kind::pauli:
                step.pass = Pass::pauli;
                step.x_mask = g.first;
                step.z_mask = g.second;
                step.controls = 0;
                step.per_sample = varies(step.slot);
                break;
            case Kind::dense:
                step.pass = Pass::dense;
                for (int64_t k = 0; k < g.second; ++k)
                    step.targets[step.n_targets++] = static_cast<int8_t>(g.first >> 6 * k & 63);
                break;
            default:
                emit_chain(static_cast<int32_t>(g.first), g.controls, {element(g)});
                return;
        }
        out_.steps.push_back(step);
    }

    Program& p_;
    Schedule& out_;
    bool gathers_;
    std::vector<std::vector<Element>> open_;
    std::vector<int32_t> index_;
    int64_t permuted_ = 0;
    int32_t chain_ = 0;
};

}  // namespace

void build_schedules(Program& program, const std::vector<Primitive>& primitives) {
    if (program.n_qubits <= largest_table) Fuser(program, true).run(primitives);
    Fuser(program, false).run(primitives);
}

}  // namespace ketwork
