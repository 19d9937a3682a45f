// What the files of the Python module share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "program.hpp"

namespace nb = nanobind;

namespace ketwork {

// Which build of the kernels runs: 0: baseline, 1: AVX2, 2: AVX-512.
int chosen_build();

void bind_transfer(nb::module_& m);
void bind_qkan(nb::module_& m);
void bind_stochastic(nb::module_& m);

template <class T>
using Array = nb::ndarray<T, nb::c_contig, nb::device::cpu>;

inline AngleTable angle_table(const Array<const double>& constants, const Array<const int32_t>& first,
                       const Array<const double>& coefficients,
                       const Array<const int32_t>& factors, int32_t degree) {
    AngleTable table;
    table.constants.assign(constants.data(), constants.data() + constants.size());
    table.first_term.assign(first.data(), first.data() + first.size());
    table.coefficients.assign(coefficients.data(), coefficients.data() + coefficients.size());
    table.factors.assign(factors.data(), factors.data() + factors.size());
    table.degree = degree;
    return table;
}

inline AngleTable angle_table(nb::tuple t) {
    return angle_table(nb::cast<Array<const double>>(t[0]), nb::cast<Array<const int32_t>>(t[1]),
                       nb::cast<Array<const double>>(t[2]), nb::cast<Array<const int32_t>>(t[3]),
                       nb::cast<int32_t>(t[4]));
}

// nanobind's own gil_scoped_release takes the lock back in a destructor. While the interpreter
// shuts down, Python up to 3.13 ends a daemon thread that asks for the lock by unwinding its
// stack; that must not meet a destructor, so the thread is held here until the process is gone.
inline void take_gil(PyThreadState* state) {
    try {
        PyEval_RestoreThread(state);
    } catch (...) {
        for (;;) pause();
    }
}

inline std::atomic<int64_t> nanoseconds{0};  // that all runs of kernels took so far

template <class F>
void without_gil(F&& work) {
    PyThreadState* const state = PyEval_SaveThread();
    try {
        const auto started = std::chrono::steady_clock::now();
        work();
        const auto taken = std::chrono::steady_clock::now() - started;
        nanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
    } catch (...) {
        take_gil(state);
        throw;
    }
    take_gil(state);
}

}  // namespace ketwork
