// What the drivers of whole states and of tiles share: steps on a buffer, and sums of gradients.
#pragma once

#include "ends.hpp"
#include "passes.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class L>
class Runner {
   public:
    using T = typename L::T;
    using V = typename L::V;

    explicit Runner(const Job<T>& job)
        : job_(job), p_(*job.program), angles_{job}, workers_(job.threads) {
        if (!job.gradient) return;
        const int64_t rows = job.weights_vary ? job.batch : workers_;
        sums_.zeros(rows * p_.n_weights + 1);
        if (job.by_inputs) std::memset(job.by_inputs, 0, sizeof(T) * job.batch * p_.n_inputs);
    }

   protected:
    bool varies(const Step& step) const { return step.per_sample || job_.weights_vary; }

    // Matrices of the chains that differ between groups, or of the others.
    void prepare(const Steps& steps, Workspace<L>& space, bool varying) const {
        Matrix<L>* matrices = space.matrices.get(p_.n_chains + 1);
        for (int64_t s = 0; s < steps.size; ++s) {
            const Step& step = steps.data[s];
            if (step.pass == Pass::chain && varies(step) == varying)
                matrices[step.chain] = chain_matrix<L>(p_, step, space.halves.data());
        }
    }

    void begin(const Steps& steps, Workspace<L>& space) const {
        angles_.bind_shared(space.halves.get(angles_.n_slots + 1));
        prepare(steps, space, false);
        clear(space);
    }

    void clear(Workspace<L>& space) const {
        space.overlaps.zeros(p_.n_chains + 1);
        space.slopes.zeros(angles_.n_slots + 1);
    }

    // Rows that a step visits, of the rows of a whole state or of a tile that starts at row 0.
    int64_t visited(const Step& step, int64_t n_rows) const {
        if (!from_zero_) return n_rows;
        const int32_t bits = step.reach - L::lane_qubits;
        return smaller(n_rows, int64_t{1} << (bits > 0 ? bits : 0));
    }

    // `bound` holds angles and matrices, `space` what is private to a worker; often they are one.
    void apply(const Step& step, Row<L>* rows, int64_t n_rows, const Workspace<L>& bound,
               Workspace<L>& space) const {
        n_rows = visited(step, n_rows);
        switch (step.pass) {
            case Pass::chain:
                chain<L>(rows, n_rows, step, bound.matrices.data()[step.chain]);
                break;
            case Pass::flip:
                flip<L>(rows, n_rows, step);
                break;
            case Pass::sign:
                sign<L>(p_, rows, n_rows, step, false);
                break;
            case Pass::pauli: {
                const Half<L>& half = bound.halves.data()[step.slot];
                pauli<L>(rows, n_rows, step, half.c, half.s);
                break;
            }
            default:
                dense<L>(p_, rows, n_rows, step, false, space.corner);
        }
    }

    // Undo a step on state and costate; leave what it says about angles in `space`.
    void undo(const Step& step, Row<L>* psi, Row<L>* lam, int64_t n_rows,
              const Workspace<L>& bound, Workspace<L>& space) const {
        n_rows = visited(step, n_rows);
        switch (step.pass) {
            case Pass::chain:
                chain_back<L>(psi, lam, n_rows, step, bound.matrices.data()[step.chain],
                              space.overlaps.data()[step.chain]);
                break;
            case Pass::flip:
                flip<L>(psi, n_rows, step);
                flip<L>(lam, n_rows, step);
                break;
            case Pass::sign:
                sign<L>(p_, psi, n_rows, step, true);
                sign<L>(p_, lam, n_rows, step, true);
                break;
            case Pass::pauli: {
                const Half<L>& half = bound.halves.data()[step.slot];
                space.slopes.data()[step.slot] += pauli_overlap<L>(psi, lam, n_rows, step) / 2;
                pauli<L>(psi, n_rows, step, half.c, -half.s);
                pauli<L>(lam, n_rows, step, half.c, -half.s);
                break;
            }
            default:
                dense<L>(p_, psi, n_rows, step, true, space.corner);
                dense<L>(p_, lam, n_rows, step, true, space.corner);
        }
    }

    // Sums for the weights: a row per sample if they vary, else per worker.
    double* sums_of(int worker) const {
        return sums_.data() + (job_.weights_vary ? 0 : int64_t{worker} * p_.n_weights);
    }

    void write_weights() const {
        const int64_t count = (job_.weights_vary ? job_.batch : 1) * p_.n_weights;
        const int rows = job_.weights_vary ? 1 : workers_;
        for (int64_t k = 0; k < count; ++k) {
            double sum = 0;
            for (int row = 0; row < rows; ++row) sum += sums_.data()[row * count + k];
            job_.by_weights[k] = static_cast<T>(sum);
        }
    }

    const Job<T>& job_;
    const ProgramView& p_;
    const Angles<L> angles_;
    const int workers_;
    const bool from_zero_ = !job_.start && !p_.columns;  // the start is |0...0>
    Buffer<double> sums_;
};

}  // namespace
}  // namespace ketwork::KETWORK_ISA
