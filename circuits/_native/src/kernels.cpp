// The kernels of one instruction set: KETWORK_ISA names the namespace, KETWORK_BYTES is the width
// of a vector, KETWORK_NAME the name to report. See view.hpp for what must not be shared.
#include "isa/tiles.hpp"
#include "isa/whole.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class T>
void run(const Job<T>& job) {
    constexpr int width = KETWORK_BYTES / sizeof(T);
    constexpr int lane_qubits = width == 16 ? 4 : width == 8 ? 3 : width == 4 ? 2 : 1;
    using Samples = Layout<T, 0>;
    using Amplitudes = Layout<T, lane_qubits>;
    const int n = job.program->n_qubits;
    // As long as the states of a group fit into a fast cache, samples fill the lanes best, unless
    // more than half of the lanes would stay empty. Tiny states have no other choice.
    const bool few = 2 * job.batch <= width;
    const bool samples = n < lane_qubits + 2 || (n <= 9 && (!few || n == lane_qubits + 2));
    if (samples)
        Whole<Samples>(job).run();
    else if (n <= Tiled<Amplitudes>::tile_qubits)
        Whole<Amplitudes>(job).run();
    else
        Tiled<Amplitudes>(job).run();
}

}  // namespace

extern const Kernels<double> kernels_double = {KETWORK_NAME, KETWORK_BYTES / 8, run<double>};
extern const Kernels<float> kernels_float = {KETWORK_NAME, KETWORK_BYTES / 4, run<float>};

}  // namespace ketwork::KETWORK_ISA
