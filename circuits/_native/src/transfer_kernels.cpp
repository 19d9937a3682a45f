// The kernels of noisy circuits of one instruction set; see kernels.cpp.
#include "isa/transfer_runner.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class T>
void run(const TransferJob<T>& job) {
    using Samples = Layout<T, 0>;
    // Samples fill the lanes best while a group's vectors stay in a fast cache.
    const bool few = 4 * job.values.batch <= 3 * Samples::width;
    if (job.program->n_qubits <= 4 && !few)
        TransferRunner<Samples>(job).run();
    else
        TransferRunner<Digits<T>>(job).run();
}

}  // namespace

extern const TransferKernels<double> transfer_double = {run<double>};
extern const TransferKernels<float> transfer_float = {run<float>};

}  // namespace ketwork::KETWORK_ISA
