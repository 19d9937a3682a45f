// The Python side of one-qubit circuits on edges.
#include "qkan.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "builds.hpp"

namespace ketwork {

KETWORK_BUILDS(QkanKernels, qkan, qkan_kernels)

namespace {

// Steps are rows (axis, data, index). Pointers come as integers: the caller owns contiguous
// tensors of the right sizes. Without a gradient the values are computed, with one its pullback.
template <class T>
void run(const Array<const int32_t>& rows, int64_t n_outputs, int64_t n_inputs, int64_t n_angles,
         int64_t n_reps, int64_t batch, bool arccos, bool fast, bool sum, uintptr_t data,
         uintptr_t cosines, uintptr_t sines, uintptr_t weight, uintptr_t bias, uintptr_t scale,
         uintptr_t gradient, uintptr_t values, uintptr_t by_data, uintptr_t by_angles,
         uintptr_t by_weight, uintptr_t by_bias, uintptr_t by_scale, int threads) {
    if (n_reps > most_qkan_reps || n_angles > 2 * most_qkan_reps + 2 || batch % 32)
        throw std::invalid_argument("too many repetitions, or a batch that is not padded");
    std::vector<QkanStep> steps(rows.size() / 3);
    const int32_t* r = rows.data();
    for (QkanStep& step : steps) {
        step = {r[0], r[1], r[2]};
        r += 3;
    }
    auto in = [](uintptr_t p) { return reinterpret_cast<const T*>(p); };
    auto out = [](uintptr_t p) { return reinterpret_cast<T*>(p); };
    const QkanJob<T> job{steps.data(),   static_cast<int64_t>(steps.size()),
                         n_outputs,      n_inputs,
                         n_angles,       n_reps,
                         batch,          arccos,
                         fast,           sum,
                         in(data),       in(cosines),
                         in(sines),      in(weight),
                         in(bias),       in(scale),
                         in(gradient),   out(values),
                         out(by_data),   out(by_angles),
                         out(by_weight), out(by_bias),
                         out(by_scale),  std::max(threads, 1)};
    without_gil([&] {
        if (gradient)
            qkan_kernels<T>().backward(job);
        else
            qkan_kernels<T>().forward(job);
    });
}

}  // namespace

void bind_qkan(nb::module_& m) {
    m.def("run_qkan_double", &run<double>);
    m.def("run_qkan_float", &run<float>);
    m.attr("most_qkan_reps") = most_qkan_reps;
}

}  // namespace ketwork
