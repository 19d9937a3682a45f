// The Python side of doubly stochastic circuits.
#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "builds.hpp"
#include "stochastic_program.hpp"

namespace ketwork {

KETWORK_BUILDS(StochasticKernels, stochastic, stochastic_kernels)

namespace {

// Rows are (first qubit, slots of the four angles), factors those of the four angles.
std::unique_ptr<StochasticProgram> make(const Array<const int32_t>& data,
                                        const Array<const int32_t>& partners, bool r_about_y,
                                        int32_t n_angles, const Array<const int32_t>& rows,
                                        const Array<const double>& factors) {
    const size_t n_blocks = std::min(rows.size() / (1 + n_turns), factors.size() / n_turns);
    std::vector<int32_t> firsts;
    std::vector<StochasticBlock> blocks(n_blocks);
    for (size_t b = 0; b < n_blocks; ++b) {
        const int32_t* row = rows.data() + b * (1 + n_turns);
        firsts.push_back(row[0]);
        std::copy(row + 1, row + 1 + n_turns, blocks[b].slots);
        std::copy_n(factors.data() + b * n_turns, n_turns, blocks[b].factors);
    }
    return std::make_unique<StochasticProgram>(
        std::vector<int32_t>(data.data(), data.data() + data.size()),
        std::vector<int32_t>(partners.data(), partners.data() + partners.size()), r_about_y,
        n_angles, firsts, std::move(blocks));
}

// Pointers come as integers: the caller owns contiguous tensors of the right sizes. Without a
// gradient the values are computed, with one its pullback.
template <class T>
void run(const StochasticProgram& program, int64_t batch, uintptr_t angles, uintptr_t gradient,
         uintptr_t matrices, uintptr_t values, uintptr_t by_angles, int threads) {
    StochasticJob<T> job{};
    job.program = &program.view();
    job.batch = batch;
    job.angles = reinterpret_cast<const T*>(angles);
    job.gradient = reinterpret_cast<const T*>(gradient);
    job.matrices = reinterpret_cast<T*>(matrices);
    job.values = reinterpret_cast<T*>(values);
    job.by_angles = reinterpret_cast<T*>(by_angles);
    job.threads = std::max(threads, 1);
    without_gil([&] {
        if (gradient)
            stochastic_kernels<T>().backward(job);
        else
            stochastic_kernels<T>().forward(job);
    });
}

}  // namespace

void bind_stochastic(nb::module_& m) {
    nb::class_<StochasticProgram>(m, "StochasticProgram");
    m.def("make_stochastic", &make);
    m.def("run_stochastic_double", &run<double>);
    m.def("run_stochastic_float", &run<float>);
    m.def("stochastic_lanes_double", [] { return stochastic_kernels<double>().lanes; });
    m.def("stochastic_lanes_float", [] { return stochastic_kernels<float>().lanes; });
    m.attr("most_stochastic_qubits") = most_stochastic_qubits;
}

}  // namespace ketwork
