// The kernels of one instruction set: KETWORK_ISA names the namespace, KETWORK_BYTES is the width
// of a vector, KETWORK_NAME the name to report. See view.hpp for what must not be shared.
#include "isa/tiles.hpp"
#include "isa/whole.hpp"

namespace ketwork::KETWORK_ISA {
namespace {

template <class T>
constexpr int width = KETWORK_BYTES / sizeof(T);
template <class T>
constexpr int lane_qubits = width<T> == 16 ? 4 : width<T> == 8 ? 3 : width<T> == 4 ? 2 : 1;

// As long as the states of a group fit into a fast cache, samples fill the lanes best, unless more
// than half of the lanes would stay empty. Tiny states have no other choice.
template <class T>
bool samples_in_lanes(int n, int64_t batch) {
    const bool few = 2 * batch <= width<T>;
    return n < lane_qubits<T> + 2 || (n <= 9 && (!few || n == lane_qubits<T> + 2));
}

template <class T>
void run(const Job<T>& job) {
    using Samples = Layout<T, 0>;
    using Amplitudes = Layout<T, lane_qubits<T>>;
    const int n = job.program->n_qubits;
    if (samples_in_lanes<T>(n, job.batch))
        Whole<Samples>(job).run();
    else if (n <= Tiled<Amplitudes>::tile_qubits)
        Whole<Amplitudes>(job).run();
    else
        Tiled<Amplitudes>(job).run();
}

template <class T>
int64_t kept(const ProgramView& program, int64_t batch) {
    if (samples_in_lanes<T>(program.n_qubits, batch))
        batch = (batch + width<T> - 1) / width<T> * width<T>;
    return batch * 2 << program.n_qubits;
}

template <class T>
int64_t visits(const ProgramView& program, int64_t batch) {
    using Large = Tiled<Layout<T, lane_qubits<T>>>;
    const int n = program.n_qubits;
    if (samples_in_lanes<T>(n, batch) || n <= Large::tile_qubits) return 0;
    return segments_of(program, lane_qubits<T>, Large::tile_qubits).size;
}

}  // namespace

extern const Kernels<double> kernels_double = {KETWORK_NAME, KETWORK_BYTES / 8, run<double>,
                                               kept<double>, visits<double>};
extern const Kernels<float> kernels_float = {KETWORK_NAME, KETWORK_BYTES / 4, run<float>,
                                             kept<float>, visits<float>};

}  // namespace ketwork::KETWORK_ISA
